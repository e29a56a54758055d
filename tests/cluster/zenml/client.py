"""ZenML's own client reads, finds and deletes what `radiant-deploy apply` has made with `compat.zenml`.

Usage: client.py NAMESPACE OBJECT MODEL URI, with KUBECONFIG set. Each line that it prints is one thing
that was as it must be.
"""

import sys

from zenml.integrations.seldon.seldon_client import SeldonClient, SeldonDeploymentNotFoundError
from zenml.integrations.seldon.services.seldon_deployment import SeldonDeploymentService


def is_so(what, is_it, got):
    if not is_it:
        sys.exit(f"not so: {what}: {got}")
    print(what)


def main(namespace, name, model, uri):
    client = SeldonClient(context=None, namespace=namespace)
    deployment = client.get_deployment(name)
    is_so("it is managed", deployment.is_managed_by_zenml(), deployment)
    is_so("it is available", deployment.is_available(), deployment.status)

    labels = {"zenml.model_name": model, "zenml.model_uri": uri}
    SeldonClient.sanitize_labels(labels)
    found = client.find_deployments(labels=labels)
    is_so("it is found by its labels", [it.name for it in found] == [name], found)
    is_so("nothing else is found", not client.find_deployments(labels={"zenml.model_name": "x"}), "")

    service = SeldonDeploymentService.create_from_deployment(found[0])
    is_so("its name is the service's", service.seldon_deployment_name == name, service)
    config = service.config
    is_so("its model is the service's", (config.model_name, config.model_uri) == (model, uri), config)
    wanted = config.get_seldon_deployment_labels()
    has_all = wanted.items() <= deployment.metadata.labels.items()
    is_so("it has the service's labels", has_all, (wanted, deployment.metadata.labels))

    client.delete_deployment(name, poll_timeout=60)
    try:
        left = client.get_deployment(name)
    except SeldonDeploymentNotFoundError:
        left = None
    is_so("it is deleted", left is None, left)


main(*sys.argv[1:])
