//! Tests that are the same for several stores.

/// A test for each check and each store: the checks in brackets, then for each store a name and its
/// type.
macro_rules! every_store {
    ($checks:tt $($module:ident $store:ident)*) => {
        $(every_store!(@ $module $store $checks);)*
    };
    (@ $module:ident $store:ident [$($check:ident)*]) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $check() {
                    if let Some(store) = <super::$store as super::Store>::start().await {
                        super::$check(&store).await;
                    }
                }
            )*
        }
    };
}
