"""What an application with SMART's fhirclient does with the server whose base is the only argument. The first step that fails ends it."""
import sys

from fhirclient import client
from fhirclient.models.bundle import Bundle, BundleEntry
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient

smart = client.FHIRClient(settings={"app_id": "test", "api_base": sys.argv[1]})
server = smart.server
SYSTEM = "urn:fhirclient"


def patient(family):
    return Patient(
        {
            "name": [{"family": family, "given": ["Ada"]}],
            "identifier": [{"system": SYSTEM, "value": family}],
            "gender": "female",
        }
    )


def step(name):
    print("ok", name, flush=True)


made = patient("Smärt").create(server)
assert made["id"] and made["meta"]["versionId"] == "1"
found = Patient.read(made["id"], server)
assert found.name[0].family == "Smärt"
found.gender = "other"
assert found.update(server)["meta"]["versionId"] == "2"
assert Patient.read(made["id"], server).gender == "other"
found.delete(server)
try:
    Patient.read(made["id"], server)
    raise AssertionError("it is still there")
except Exception as error:
    assert "410" in str(error) or "Gone" in str(error) or type(error).__name__.startswith("FHIR"), error
step("create, read, update, delete")

for _ in range(5):
    patient("Smartpages").create(server)
search = Patient.where({"family": "Smartpages", "_count": "2"})
assert len({one.id for one in search.perform_resources_iter(server)}) == 5
step("search with pages")

entry = BundleEntry({"resource": patient("Smartbundle").as_json(), "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"Patient?identifier={SYSTEM}|Smartbundle"}})
bundle = Bundle({"type": "transaction"})
bundle.entry = [entry]
for status in ["201", "200"]:
    answer = server.post_json("", bundle.as_json()).json()
    assert answer["entry"][0]["response"]["status"].startswith(status), answer
place = answer["entry"][0]["response"]["location"].split("/_history")[0]
observation = Observation({"status": "final", "code": {"text": "x"}, "subject": {"reference": place}})
observation.create(server)
about = Observation.where({"subject:Patient.family": "Smartbundle"}).perform_resources(server)
assert len(about) == 1
assert about[0].subject.resolved(Patient).name[0].family == "Smartbundle"
step("transaction, chain and references")
