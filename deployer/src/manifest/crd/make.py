#!/usr/bin/env python3
"""Writes seldondeployments.json, the definition of the kind SeldonDeployment, beside this file.

Names, types and required fields of Kubernetes' own parts (PodSpec, metrics) are those of Kubernetes
1.23, which the operator of Seldon Core 1.17 is built with; they are read out of the tables of
Kubernetes' client for Python. What is Seldon's and KEDA's stands here. There are no descriptions:
the file is read by programs, and by an API server in tests.

    python3 -m venv v && v/bin/pip install -r requirements.txt && v/bin/python make.py
"""
import inspect
import json
import pathlib
import re

import kubernetes.client as client

STRING = {"type": "string"}
BOOLEAN = {"type": "boolean"}
INTEGER = {"type": "integer"}
INT32 = {"type": "integer", "format": "int32"}
TIME = {"type": "string", "format": "date-time"}
INT_OR_STRING = {"anyOf": [INTEGER, STRING], "x-kubernetes-int-or-string": True}
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

# Fields that hold quantities, which the client types as strings.
QUANTITIES = {
    "limits", "requests", "overhead", "size_limit", "divisor",
    "target_average_value", "target_value", "average_value", "value",
}
# `value` is a quantity in these only.
VALUES = {"V2MetricTarget"}
# Lists whose items have keys, by which an apply merges them.
KEYED = {
    ("V1Container", "ports"): ["containerPort", "protocol"],
    ("V1EphemeralContainer", "ports"): ["containerPort", "protocol"],
    ("V1PodSpec", "topology_spread_constraints"): ["topologyKey", "whenUnsatisfiable"],
}


def items(schema):
    return {"type": "array", "items": schema}


def values(schema):
    return {"type": "object", "additionalProperties": schema}


def fields(properties, required=()):
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = sorted(required)
    return schema


def of_type(name):
    """The schema of one of the client's types, as its tables spell it."""
    plain = {
        "str": STRING, "int": INTEGER, "bool": BOOLEAN, "float": {"type": "number"},
        "datetime": TIME, "object": INT_OR_STRING, "V1ObjectMeta": ANYTHING,
    }
    if name in plain:
        return plain[name]
    if inner := re.fullmatch(r"list\[(.+)\]", name):
        return items(of_type(inner[1]))
    if inner := re.fullmatch(r"dict\(str, (.+)\)", name):
        return values(of_type(inner[1]))
    return of_class(name)


def of_class(name):
    kind = getattr(client, name)
    required = re.findall(r"Invalid value for `(\w+)`, must not be `None`", inspect.getsource(kind))
    properties = {}
    for field, spelled in kind.openapi_types.items():
        schema = of_type(spelled)
        if field in QUANTITIES and (field != "value" or name in VALUES):
            schema = values(INT_OR_STRING) if spelled.startswith("dict") else INT_OR_STRING
        if keys := KEYED.get((name, field)):
            schema = {**schema, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys}
        if (name, field) == ("V1ContainerPort", "protocol"):
            # An API server wants a default for an optional key.
            schema = {**schema, "default": "TCP"}
        properties[kind.attribute_map[field]] = schema
    return fields(properties, {kind.attribute_map[field] for field in required})


def object_meta():
    owner = fields(
        {"apiVersion": STRING, "blockOwnerDeletion": BOOLEAN, "controller": BOOLEAN, "kind": STRING,
         "name": STRING, "uid": STRING},
        ["apiVersion", "kind", "name", "uid"],
    )
    return fields({
        "annotations": values(STRING), "clusterName": STRING,
        "creationTimestamp": {**TIME, "nullable": True}, "deletionGracePeriodSeconds": INTEGER,
        "deletionTimestamp": {**TIME, "nullable": True}, "finalizers": items(STRING),
        "generateName": STRING, "generation": INTEGER, "labels": values(STRING), "name": STRING,
        "namespace": STRING, "ownerReferences": items(owner), "resourceVersion": STRING,
        "selfLink": STRING, "uid": STRING,
    })


def keda():
    trigger = fields(
        {"authenticationRef": fields({"kind": STRING, "name": STRING}, ["name"]),
         "metadata": values(STRING), "metricType": STRING, "name": STRING, "type": STRING},
        ["metadata", "type"],
    )
    advanced = fields({
        "horizontalPodAutoscalerConfig": fields(
            {"behavior": of_class("V2HorizontalPodAutoscalerBehavior"), "name": STRING}),
        "restoreToOriginalReplicaCount": BOOLEAN,
    })
    return fields(
        {"advanced": advanced, "cooldownPeriod": INT32,
         "fallback": fields({"failureThreshold": INT32, "replicas": INT32},
                            ["failureThreshold", "replicas"]),
         "idleReplicaCount": INT32, "maxReplicaCount": INT32, "minReplicaCount": INT32,
         "pollingInterval": INT32, "triggers": items(trigger)},
        ["triggers"],
    )


def component():
    hpa = fields(
        {"maxReplicas": INT32, "metrics": items(of_class("V2beta1MetricSpec")),
         "metricsv2": items(of_class("V2MetricSpec")), "minReplicas": INT32},
        ["maxReplicas"],
    )
    return fields({
        "hpaSpec": hpa, "kedaSpec": keda(), "metadata": object_meta(),
        "pdbSpec": fields({"maxUnavailable": INT_OR_STRING, "minAvailable": INT_OR_STRING}),
        "replicas": INT32, "spec": of_class("V1PodSpec"),
    })


def endpoint():
    return fields({"grpcPort": INT32, "httpPort": INT32, "service_host": STRING,
                   "service_port": INT32, "type": STRING})


def node(levels):
    parameter = fields({"name": STRING, "type": STRING, "value": STRING}, ["name", "type", "value"])
    properties = {
        "endpoint": endpoint(), "envSecretRefName": STRING, "implementation": STRING,
        "logger": fields({"mode": STRING, "url": STRING}), "methods": items(STRING),
        "modelUri": STRING, "name": STRING, "parameters": items(parameter),
        "serviceAccountName": STRING, "storageInitializerImage": STRING, "type": STRING,
    }
    if levels > 1:
        properties["children"] = items(node(levels - 1))
    return fields(properties, ["name"])


def predictor():
    explainer = fields({
        "config": values(STRING), "containerSpec": of_class("V1Container"), "endpoint": endpoint(),
        "envSecretRefName": STRING, "initParameters": STRING, "modelUri": STRING,
        "replicas": INT32, "serviceAccountName": STRING, "storageInitializerImage": STRING,
        "type": STRING,
    })
    orchestrator = fields({"env": items(of_class("V1EnvVar")), "replicas": INT32,
                           "resources": of_class("V1ResourceRequirements")})
    return fields(
        {"annotations": values(STRING), "componentSpecs": items(component()),
         "engineResources": of_class("V1ResourceRequirements"), "explainer": explainer,
         "graph": node(10), "labels": values(STRING), "name": STRING,
         "progressDeadlineSeconds": INT32, "replicas": INT32, "shadow": BOOLEAN,
         "ssl": fields({"certSecretName": STRING}), "svcOrchSpec": orchestrator, "traffic": INT32},
        ["graph", "name"],
    )


def status():
    condition = fields(
        {"lastTransitionTime": STRING, "message": STRING, "reason": STRING, "severity": STRING,
         "status": STRING, "type": STRING},
        ["status", "type"],
    )
    deployment = fields({"availableReplicas": INT32, "description": STRING, "explainerFor": STRING,
                         "name": STRING, "replicas": INT32, "status": STRING})
    service = fields({"explainerFor": STRING, "grpcEndpoint": STRING, "httpEndpoint": STRING,
                      "svcName": STRING})
    return fields({
        "address": fields({"url": STRING}), "annotations": values(STRING),
        "conditions": items(condition), "deploymentStatus": values(deployment),
        "description": STRING, "observedGeneration": INTEGER, "replicas": INT32,
        "serviceStatus": values(service), "state": STRING,
    })


def definition():
    spec = fields(
        {"annotations": values(STRING), "name": STRING, "oauth_key": STRING, "oauth_secret": STRING,
         "predictors": items(predictor()), "protocol": STRING, "replicas": INT32,
         "serverType": STRING, "transport": STRING},
        ["predictors"],
    )
    schema = fields({"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"},
                     "spec": spec, "status": status()})
    version = {
        "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                                                 "statusReplicasPath": ".status.replicas"}},
    }
    names = {"kind": "SeldonDeployment", "listKind": "SeldonDeploymentList",
             "plural": "seldondeployments", "singular": "seldondeployment", "shortNames": ["sdep"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "seldondeployments.machinelearning.seldon.io"},
        "spec": {"group": "machinelearning.seldon.io", "names": names, "scope": "Namespaced",
                 "versions": [version]},
    }


def text(value, indent=0):
    """JSON in which what fits a line is on one."""
    flat = json.dumps(value, sort_keys=True)
    if len(flat) + indent <= 160 or not isinstance(value, (dict, list)):
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        rows = [f"{pad}{json.dumps(key)}: {text(value[key], indent + 1)}" for key in sorted(value)]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    rows = [pad + text(item, indent + 1) for item in value]
    return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"


here = pathlib.Path(__file__).parent
(here / "seldondeployments.json").write_text(text(definition()) + "\n")
