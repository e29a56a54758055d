//! Files of any form, told by what they hold.

use super::*;

fn id(text: &str) -> String {
    let secret = Host::with_file(text).of_file("s3://m/x");
    secret.data["RCLONE_CONFIG_S3_ACCESS_KEY_ID"].expose().to_owned()
}

#[test]
fn keys_of_s3_are_read_in_every_form() {
    for text in [
        "AWS_ACCESS_KEY_ID=AKI\nexport AWS_SECRET_ACCESS_KEY='hunter2'\n",
        "# c\n[default]\naws_access_key_id = AKI\naws_secret_access_key = hunter2\n",
        "[only]\naws_access_key_id = AKI\naws_secret_access_key = hunter2\n",
        "[store]\ntype = s3\nprovider = Minio\naccess_key_id = AKI\nsecret_access_key = hunter2\n\
         [drive]\ntype = drive\ntoken = x\n",
        "Access key ID,Secret access key\nAKI,hunter2\n",
        r#"{"Version": 1, "AccessKeyId": "AKI", "SecretAccessKey": "hunter2", "SessionToken": "t"}"#,
        r#"{"Credentials": {"AccessKeyId": "AKI", "SecretAccessKey": "hunter2", "SessionToken": "t"}}"#,
        r#"{"url": "http://minio:9000/api/v1/service-account-credentials", "accessKey": "AKI",
            "secretKey": "hunter2", "api": "s3v4", "path": "auto"}"#,
        r#"{"store": {"type": "s3", "access_key_id": "AKI", "secret_access_key": "hunter2",
            "env_auth": false}}"#,
        "RCLONE_CONFIG_S3_TYPE=s3\nRCLONE_CONFIG_S3_ACCESS_KEY_ID=AKI\n\
         RCLONE_CONFIG_S3_SECRET_ACCESS_KEY=hunter2\n",
        "apiVersion: v1\nkind: Secret\ntype: Opaque\nstringData:\n  awsAccessKeyID: AKI\n\
         \x20 awsSecretAccessKey: hunter2\n",
        r#"{"kind": "Secret", "data": {"AWS_ACCESS_KEY_ID": "QUtJ", "AWS_SECRET_ACCESS_KEY": "aA=="}}"#,
    ] {
        assert_eq!(id(text), "AKI", "{text}");
    }
    let minio = Host::with_file(
        r#"{"url": "http://minio:9000/api/v1/x", "accessKey": "AKI", "secretKey": "hunter2"}"#,
    );
    let secret = minio.of_file("s3://m/x");
    assert_eq!(secret.data["RCLONE_CONFIG_S3_ENDPOINT"].expose(), "http://minio:9000");
}

#[test]
fn one_of_several_remotes_is_chosen() {
    let remote = |name: &str| {
        format!("[{name}]\ntype = s3\naccess_key_id = {name}\nsecret_access_key = hunter2\n")
    };
    let two = [remote("a"), remote("b-c")].concat();
    let text = Host::with_file(&two).refusal(&file(), "s3://m/x");
    assert!(text.contains("`a`, `b_c`") && text.contains("--remote"), "{text}");
    let secret = Host::with_file(&two).and_remote("b-c").of_file("s3://m/x");
    assert_eq!(secret.data["RCLONE_CONFIG_S3_ACCESS_KEY_ID"].expose(), "b-c");
    let secret = Host::with_file(&two).of_file("b-c:m/x");
    assert_eq!(secret.data["RCLONE_CONFIG_B_C_ACCESS_KEY_ID"].expose(), "b-c");
    let text = Host::with_file(&two).and_remote("d").refusal(&file(), "s3://m/x");
    assert!(text.contains("a remote `d`"), "{text}");
}

#[test]
fn what_is_no_form_is_refused_without_being_shown() {
    for (text, word) in [
        ("", "nothing"),
        ("hunter2", "no `=`"),
        ("{hunter2", "begins like it"),
        ("{\"password\": \"hunter2\"}", "something else"),
        ("[a]\nx = hunter2\n[b]\n", "`a`, `b`"),
        ("[a]\naws_access_key_id = hunter2\n", "the first only"),
        ("RCLONE_ENCRYPT_V0:\nhunter2", "rclone config dump"),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2", "in PEM"),
        ("kind: Secret\ndata: {A: '!hunter2'}", "key `A`: expected a text in base64"),
        ("kind: Secret\n- hunter2", "a Secret in YAML"),
        ("Access key ID,Secret access key\n", "below the names"),
        ("AWS_ACCESS_KEY_ID=hunter2", "AWS_SECRET_ACCESS_KEY"),
        ("{\"accessKey\": \"hunter2\"}", "one of the two"),
        ("A=1\nhunter2\n", "line 2"),
    ] {
        let text = Host::with_file(text).refusal(&file(), "s3://m/x");
        assert!(text.contains(word) && !text.contains("hunter2"), "{word}: {text}");
    }
    let text = Host::default().refusal(&file(), "s3://m/x");
    assert!(text.contains("file `creds`"), "{text}");
}
