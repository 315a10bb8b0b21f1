"""Example values for JSON schemas, for the page that describes the API."""

from typing import Any

Json = dict[str, Any]

# What a reader expects to see in a field of this name.
BY_NAME: Json = {
    "number": "DM-402193",
    "order_number": "DM-402193",
    "customer": "C-118820",
    "sku": "KETTLE-1",
    "country": "DE",
    "currency": "EUR",
    "phone": "+4930123456",
    "postcode": "10115",
    "city": "Berlin",
    "line1": "Invalidenstr. 1",
    "name": "Ada Example",
    "language": "en",
}
BY_FORMAT = {
    "date-time": "2026-01-31T09:30:00Z",
    "date": "2026-01-31",
    "email": "ada@example.com",
    "uuid": "7f7d0a52-6d7a-4e65-9a0f-7a6c5a3c5a11",
}
BY_TYPE: Json = {
    "string": "text",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "object": {},
}


def make_example(schema: Json, components: Json, name: str = "") -> Any:
    """Return a value of the schema that reads like a real one.

    Args:
        schema: the JSON schema, maybe a `$ref` into `components`.
        components: the named schemas.
        name: of the field the value is for.
    """
    if "$ref" in schema:
        target = components[schema["$ref"].rpartition("/")[2]]
        return make_example(target, components, name)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return make_example(schema[choice][0], components, name)
    if schema.get("type") == "array":
        return [make_example(schema.get("items", {}), components, name)]
    if "properties" in schema:
        return {
            key: make_example(part, components, key)
            for key, part in schema["properties"].items()
        }
    if schema.get("type") == "string" and name in BY_NAME:
        return BY_NAME[name]
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    return BY_TYPE.get(schema.get("type", "object"))
