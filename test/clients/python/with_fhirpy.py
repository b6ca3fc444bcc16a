"""What an application with fhirpy does with the server whose base is the only argument. The first step that fails ends it."""
import sys
import uuid

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

client = SyncFHIRClient(sys.argv[1])
SYSTEM = "urn:fhirpy"


def patient(family, **more):
    return client.resource(
        "Patient",
        name=[{"family": family, "given": ["Ada"]}],
        identifier=[{"system": SYSTEM, "value": family}],
        **more,
    )


def step(name):
    print("ok", name, flush=True)


assert client.execute("metadata", method="GET")["fhirVersion"] == "4.0.1"
step("capabilities")

made = patient("Pythön", gender="female")
made.create()
assert made.id and made["meta"]["versionId"] == "1"
found = client.reference("Patient", made.id).to_resource()
assert found["name"][0]["family"] == "Pythön"
found["gender"] = "other"
found.update()
found["birthDate"] = "1990-01-01"
found.save()
again = client.resources("Patient").search(_id=made.id).get()
assert (again["gender"], again["birthDate"], again["meta"]["versionId"]) == ("other", "1990-01-01", "3")
again.delete()
try:
    client.reference("Patient", made.id).to_resource()
    raise AssertionError("it is still there")
except (ResourceNotFound, OperationOutcome):
    pass
step("create, read, update, delete")

ids = set()
for _ in range(2):
    one, _created = client.resources("Patient").search(identifier=f"{SYSTEM}|Ünique").get_or_create(patient("Ünique"))
    ids.add(one.id)
assert len(ids) == 1
updated, created = client.resources("Patient").search(identifier=f"{SYSTEM}|Ünique").update(patient("Ünique", gender="other"))
assert updated.id in ids and not created
step("conditional create and update")

for _ in range(5):
    patient("Paged").create()
pages = client.resources("Patient").search(name="Paged").limit(2)
assert len({one.id for one in pages}) == 5
assert client.resources("Patient").search(name="Paged").count() == 5
try:
    client.resources("Patient").search(name="Paged").get()
    raise AssertionError("one of five")
except MultipleResourcesFound:
    pass
step("search with pages")

for run in range(2):
    link = f"urn:uuid:{uuid.uuid4()}"
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {"resourceType": "Condition", "subject": {"reference": link}, "code": {"text": "x"}},
                "request": {"method": "POST", "url": "Condition", "ifNoneExist": f"subject={link}"},
            },
            {
                "fullUrl": link,
                "resource": patient("Bundled").serialize(),
                "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|Bundled"},
            },
        ],
    }
    answer = client.execute("", method="POST", data=bundle)
    assert [it["response"]["status"][:3] for it in answer["entry"]] == (["201", "201"] if run == 0 else ["200", "200"])
conditions = client.resources("Condition").search(subject__Patient__name="Bundled").include("Condition", "subject").fetch_raw()
assert [it["resource"]["resourceType"] for it in conditions["entry"]] == ["Condition", "Patient"]
step("transaction, chain and include")
