//! Who gets a permit, and what the others are told.

use std::thread;

use radiant_core::ErrorKind;

use super::*;

fn permits(limits: Admission) -> (Arc<Registry>, Arc<Permits>) {
    let registry = Arc::new(Registry::new());
    let permits = Permits::new(limits, &registry);
    (registry, permits)
}

fn refused(taken: Result<Permit, Error>, option: &str) {
    let error = taken.expect_err(option);
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(error.message().contains(option), "{option}: {}", error.message());
}

#[test]
fn a_refused_request_takes_nothing() {
    let limits = Admission { requests_max: 1, ..UNLIMITED };
    let (registry, permits) = permits(limits);
    let share = permits.share("m", "1");
    let first = permits.take(&share, 3).unwrap();
    refused(permits.take(&share, 5), "--requests-max");
    assert_eq!(permits.taken(), 1);
    let page = registry.render();
    for line in [
        "radiant_requests_in_flight 1.0",
        "radiant_requests_in_flight_max 1.0",
        "radiant_rows_in_flight 3.0",
        "radiant_model_requests_in_flight{model=\"m\",version=\"1\"} 1.0",
        "radiant_model_rows_in_flight{model=\"m\",version=\"1\"} 3.0",
        "radiant_model_requests_in_flight_max 1.0",
        "radiant_refusals_total{budget=\"requests\"} 1.0",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    drop(first);
    assert!(permits.take(&share, 5).is_ok());
}

#[test]
fn a_request_of_more_rows_than_all_may_have_runs_alone() {
    let (_, permits) = permits(Admission { rows_max: 10, ..UNLIMITED });
    let share = permits.share("m", "1");
    let large = permits.take(&share, 1000).expect("nothing else is in flight");
    refused(permits.take(&share, 1), "--rows-max");
    drop(large);
    let small = permits.take(&share, 4).unwrap();
    refused(permits.take(&share, 1000), "--rows-max");
    refused(permits.take(&share, 7), "--rows-max");
    let rest = permits.take(&share, 6).expect("it fits");
    drop((small, rest));
    assert!(permits.take(&share, 1000).is_ok());
}

#[test]
fn one_model_has_all_and_several_leave_room_for_each_other() {
    let limits = Admission { requests_max: 10, ..UNLIMITED };
    let (_, permits) = permits(limits);
    let hot = permits.share("hot", "1");
    let taken: Vec<_> = (0..10).map(|_| permits.take(&hot, 1).unwrap()).collect();
    drop(taken);
    let cold = permits.share("cold", "1");
    let taken: Vec<_> = (0..8).map(|_| permits.take(&hot, 1).unwrap()).collect();
    refused(permits.take(&hot, 1), "--model-requests-max");
    let newcomer = permits.take(&cold, 1).expect("there is room for a model that holds none");
    drop((taken, newcomer, cold));
    let taken: Vec<_> = (0..10).map(|_| permits.take(&hot, 1).unwrap()).collect();
    assert_eq!(taken.len(), 10, "alone again, it has all");
}

#[test]
fn a_fixed_share_holds_for_each_model() {
    let limits = Admission { model_requests_max: Some(2), ..UNLIMITED };
    let (_, permits) = permits(limits);
    let (one, other) = (permits.share("one", "1"), permits.share("other", "1"));
    let first = [permits.take(&one, 1).unwrap(), permits.take(&one, 1).unwrap()];
    refused(permits.take(&one, 1), "all 2 permits that it may hold (--model-requests-max");
    assert!(permits.take(&other, 1).is_ok());
    drop(first);
    assert!(permits.take(&one, 1).is_ok());
}

#[test]
fn no_more_are_in_flight_than_may_be_whoever_asks() {
    let limits = Admission { requests_max: 3, ..UNLIMITED };
    let (_, permits) = permits(limits);
    let share = permits.share("m", "1");
    let in_flight = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    if let Ok(_permit) = permits.take(&share, 1) {
                        assert!(in_flight.fetch_add(1, Ordering::SeqCst) < 3);
                        thread::yield_now();
                        in_flight.fetch_sub(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!((permits.taken(), permits.rows.load(Ordering::Relaxed)), (0, 0));
}
