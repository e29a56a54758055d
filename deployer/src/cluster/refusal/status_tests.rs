//! Recorded refusals of API servers, and what they are told as.

use super::*;

fn asked() -> Asked {
    Asked {
        verb: "patch",
        resource: "seldondeployments.machinelearning.seldon.io".to_owned(),
        name: Some("fraud".to_owned()),
        namespace: Some("ml".to_owned()),
    }
}

fn told(body: &str) -> (Code, String) {
    let status: Status = serde_json::from_str(body).unwrap();
    let place = Place {
        server: "https://k:6443".to_owned(),
        context: Some("prod".to_owned()),
        plugin: None,
    };
    let failure = explain(&status, &asked(), &place);
    (failure.code().unwrap(), failure.text())
}

/// A `Status` of this code, reason and message, with the rest as it is given.
fn body(code: u16, reason: &str, message: &str, details: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":{message},
        "reason":"{reason}","details":{details},"code":{code}}}"#
    )
}

/// Code and reason, message and details of a refusal, what it is told as, and words of that.
type Case = (u16, &'static str, &'static str, &'static str, Code, &'static str);

const SDEP: &str =
    r#"{"name":"fraud","group":"machinelearning.seldon.io","kind":"seldondeployments"}"#;

const FORBIDDEN: [Case; 7] = [
    (
        403,
        "Forbidden",
        r#"seldondeployments.machinelearning.seldon.io "fraud" is forbidden: User "deployer" cannot patch resource "seldondeployments" in API group "machinelearning.seldon.io" in the namespace "ml""#,
        SDEP,
        Code::Forbidden,
        "no permission for user `deployer` to patch seldondeployments.machinelearning.seldon.io `fraud` in namespace `ml`",
    ),
    (
        403,
        "Forbidden",
        r#"pods is forbidden: User "system:serviceaccount:ops:ci" cannot list resource "pods""#,
        "null",
        Code::Forbidden,
        "radiant-deploy rbac --namespace ml --bind serviceaccount:ops/ci | kubectl",
    ),
    (
        403,
        "Forbidden",
        r#"pods "x" is forbidden: exceeded quota: small, requested: cpu=4, used: cpu=1, limited: cpu=2"#,
        r#"{"kind":"pods"}"#,
        Code::Failed,
        "exceeded quota: small",
    ),
    (
        403,
        "Forbidden",
        r#"pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#,
        "null",
        Code::Failed,
        "pod.securityContext",
    ),
    (
        403,
        "Forbidden",
        r#"pods "x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#,
        "null",
        Code::Failed,
        "LimitRange",
    ),
    (
        403,
        "Forbidden",
        "unable to create new content in namespace ml because it is being terminated",
        "null",
        Code::Conflict,
        "being deleted",
    ),
    (
        403,
        "Forbidden",
        r#"admission webhook "v1.vseldondeployment.kb.io" denied the request: SeldonDeployment "fraud" is invalid: spec.predictors[0].graph: Invalid value: "clssifier": Can't find container for Predictive Unit"#,
        "null",
        Code::Usage,
        "spec.predictors[0].graph",
    ),
];

const MISSING_AND_CONFLICTS: [Case; 6] = [
    (
        404,
        "NotFound",
        r#"seldondeployments.machinelearning.seldon.io "fraud" not found"#,
        SDEP,
        Code::NotFound,
        "no SeldonDeployment `fraud` in namespace `ml`",
    ),
    (
        404,
        "NotFound",
        r#"namespaces "ml" not found"#,
        r#"{"name":"ml","kind":"namespaces"}"#,
        Code::NotFound,
        "no namespace `ml`",
    ),
    (
        404,
        "NotFound",
        "404 page not found",
        "null",
        Code::NotFound,
        "does not know SeldonDeployments",
    ),
    (409, "AlreadyExists", r#"secrets "s" already exists"#, SDEP, Code::Conflict, "there already"),
    (
        409,
        "Conflict",
        "Operation cannot be fulfilled on x: the object has been modified",
        SDEP,
        Code::Conflict,
        "run this again",
    ),
    (413, "RequestEntityTooLarge", "limit is 3145728", "null", Code::Usage, "limit is 3145728"),
];

const OTHERS: [Case; 8] = [
    (
        401,
        "Unauthorized",
        "Unauthorized",
        "null",
        Code::Forbidden,
        "does not know these credentials",
    ),
    (
        400,
        "BadRequest",
        r#"admission webhook "validate.kyverno.svc-fail" denied the request: label team is required"#,
        "null",
        Code::Failed,
        "webhook `validate.kyverno.svc-fail` refuses it",
    ),
    (429, "TooManyRequests", "too many requests", "null", Code::Unreachable, "too busy"),
    (
        500,
        "InternalError",
        r#"failed calling webhook "v1.vseldondeployment.kb.io": Post "https://seldon-webhook": no endpoints available"#,
        "null",
        Code::Failed,
        "operator does not run",
    ),
    (
        500,
        "InternalError",
        "etcdserver: leader changed",
        "null",
        Code::Unreachable,
        "leader changed",
    ),
    (503, "ServiceUnavailable", "starting", "null", Code::Unreachable, "https://k:6443"),
    (504, "Timeout", "request timed out", "null", Code::Timeout, "took too long"),
    (418, "", "", "null", Code::Failed, "status 418"),
];

#[test]
fn each_refusal_has_its_code_and_its_words() {
    let cases = FORBIDDEN.into_iter().chain(MISSING_AND_CONFLICTS).chain(OTHERS);
    for (code, reason, message, details, expected, words) in cases {
        let (got, text) = told(&body(code, reason, message, details));
        assert_eq!(got, expected, "{text}");
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
}

#[test]
fn each_wrong_field_is_told_with_its_path() {
    let details = r#"{"name":"fraud","kind":"SeldonDeployment","causes":[
        {"reason":"FieldValueInvalid","message":"Invalid value: \"string\": must be of type integer: \"string\"",
         "field":"spec.predictors.replicas"},
        {"reason":"FieldValueRequired","message":"Required value","field":"spec.predictors.graph.name"}]}"#;
    let (code, text) = told(&body(422, "Invalid", "SeldonDeployment is invalid: [..]", details));
    assert_eq!(code, Code::Usage);
    let causes: Vec<&str> = text.lines().filter(|line| line.contains("caused by")).collect();
    assert_eq!(causes.len(), 2, "{text}");
    assert!(causes[0].contains("spec.predictors.replicas: Invalid value"), "{text}");
    assert!(causes[1].contains("spec.predictors.graph.name: Required value"), "{text}");
}

#[test]
fn owners_of_fields_are_named() {
    let details = r#"{"name":"fraud","causes":[
        {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using machinelearning.seldon.io/v1 at 2026-01-01T00:00:00Z",
         "field":".spec.replicas"}]}"#;
    let text = body(409, "Conflict", "Apply failed with 1 conflict", details);
    let status: Status = serde_json::from_str(&text).unwrap();
    let owned = FieldConflict { manager: "kubectl-edit".into(), field: ".spec.replicas".into() };
    assert_eq!(conflicts(&status), [owned]);
    let (code, text) = told(&text);
    assert_eq!(code, Code::Conflict);
    assert!(text.contains("`kubectl-edit` owns `.spec.replicas`"), "{text}");
}

#[test]
fn long_and_strange_messages_are_tamed() {
    let page = format!("<html>\u{1b}[2J{}</html>", "x".repeat(5000));
    let (_, text) = told(&body(502, "", &page, "null"));
    assert!(text.len() < 1200 && !text.contains('\u{1b}'), "{text}");
}
