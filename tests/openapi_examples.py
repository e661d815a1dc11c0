"""Holds every example of an OpenAPI document against its schema."""

import json
import sys

from jsonschema_rs import Draft202012Validator


def examples(document):
    """Yields where an example stands, its schema, and the example."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                if "example" in parameter:
                    yield f"{route} {parameter['name']}", parameter["schema"], parameter["example"]
            bodies = {"request": operation.get("requestBody", {})}
            for status, response in operation["responses"].items():
                shared = response.get("$ref", "").rpartition("/")[2]
                bodies[status] = document["components"]["responses"][shared] if shared else response
            for place, body in bodies.items():
                for media_type, content in body.get("content", {}).items():
                    named = [example["value"] for example in content.get("examples", {}).values()]
                    for example in [content["example"]] if "example" in content else named:
                        yield f"{route} {place} {media_type}", content["schema"], example


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    count, wrong = 0, []
    for place, schema, example in examples(document):
        count += 1
        # References lead to the components from the root of whatever is validated.
        validator = Draft202012Validator({"components": document["components"], "allOf": [schema]})
        wrong.extend(f"{place}: {error.message}" for error in validator.iter_errors(example))
    print("\n".join(wrong) or f"{count} examples fit their schemas")
    sys.exit(bool(wrong))


main()
