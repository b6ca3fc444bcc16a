import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { Location } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { BedStatus, wards } from "./wards.contract.ts";
import { bedOf, newWard } from "./wards.model.ts";
import WardsService from "./wards.service.ts";

describe("a ward", () => {
  it("is a tree of Locations with free beds", () => {
    const { ward, locations } = newWard("Cardiology", [{ name: "room 1", beds: ["A", "B"] }]);
    expect(locations.map((it) => it.physicalType?.coding?.[0]?.code)).toEqual(["wa", "ro", "bd", "bd"]);
    expect(ward.rooms[0]?.beds).toHaveLength(2);
    expect(locations[2]?.partOf?.reference).toBe(ward.rooms[0]?.location);
  });

  it("counts a contaminated or suspended bed as closed", () => {
    const bed = newWard("Cardiology", [{ name: "room 1", beds: ["A"] }]).locations[2] as Location & { id: string };
    expect(bedOf({ ...bed, operationalStatus: { code: "K" } }, "", false).status).toBe(BedStatus.closed);
    expect(bedOf({ ...bed, status: "suspended" }, "", false).status).toBe(BedStatus.closed);
  });
});

describe("the former name of an action", () => {
  it("still answers for one version", async () => {
    const clinic = await startClinic(WardsService);
    await wards.open(clinic.caller, { name: "Cardiology", rooms: [{ name: "room 1", beds: ["A"] }] });
    const beds = await wards.listBeds(clinic.caller, {});
    expect(beds).toHaveLength(1);
    expect(await clinic.caller.call("wards.beds", {})).toEqual(beds);
    await clinic.stop();
  });
});

describe("wards", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(WardsService);
  });
  afterAll(() => clinic.stop());

  it("list the beds of a new ward, all free", async () => {
    const ward = await wards.open(clinic.caller, {
      name: "Surgery",
      rooms: [
        { name: "room 1", beds: ["A"] },
        { name: "room 2", beds: ["A", "B"] },
      ],
    });
    const beds = await wards.listBeds(clinic.caller, { ward: ward.location });
    expect(beds.map((bed) => [bed.name, bed.status])).toEqual([
      ["Surgery, room 1, A", "free"],
      ["Surgery, room 2, A", "free"],
      ["Surgery, room 2, B", "free"],
    ]);
    expect(await wards.listBeds(clinic.caller, { ward: ward.location, status: BedStatus.taken })).toEqual([]);
  });

  it("list the beds of a ward at any depth, each with its ward: in a bay, in a room of the bay, and in the ward itself", async () => {
    const store = async (id: string, code: string, partOf?: string) => {
      const physicalType = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code }] };
      const location = {
        resourceType: "Location",
        id,
        name: id,
        status: "active",
        physicalType,
        ...(partOf && { partOf: { reference: partOf } }),
      };
      await ownerOf("wards").write(clinic.caller, {
        steps: [{ op: "update", type: "Location", id, text: JSON.stringify(location), upsert: true }],
      });
      return `Location/${id}`;
    };
    const ward = await store("deep-ward", "wa");
    const bay = await store("deep-bay", "area", ward);
    const room = await store("deep-room", "ro", bay);
    const beds = [await store("deep-1", "bd", room), await store("deep-2", "bd", bay), await store("deep-3", "bd", ward)];
    await store("deep-none", "bd", await store("deep-own-room", "ro"));
    const listed = async (within?: string) =>
      (await wards.listBeds(clinic.caller, within ? { ward: within } : {}))
        .filter(({ location }) => location.startsWith("Location/deep-"))
        .map((it) => [it.location, it.ward]);
    const all = beds.map((it) => [it, ward]);
    expect(await listed(ward)).toEqual(all);
    expect(await listed(bay)).toEqual(all.slice(0, 2));
    expect(await listed()).toEqual([...all, ["Location/deep-none", ""]]);
    expect((await wards.addBeds(clinic.caller, { room, beds: ["4"] })).map((it) => it.ward)).toEqual([ward]);
  });

  it("list every bed of a hospital with more than fit into one answer, ward by ward", async () => {
    const rooms = Array.from({ length: 20 }, (_, room) => ({ name: `${room}`, beds: Array.from({ length: 50 }, (_, bed) => `${bed}`) }));
    const [large, small] = [
      await wards.open(clinic.caller, { name: "Large", rooms }),
      await wards.open(clinic.caller, { name: "Small", rooms: [{ name: "1", beds: ["A"] }] }),
    ];
    const [room] = small.rooms;
    const bed = { location: room?.beds[0]?.location, name: "Small, 1, A", room: room?.location, ward: small.location, status: "free" };
    expect(await wards.listBeds(clinic.caller, {})).toHaveLength(1_000);
    expect(await wards.listBeds(clinic.caller, { ward: large.location })).toHaveLength(1_000);
    expect(await wards.listBeds(clinic.caller, { ward: small.location })).toEqual([bed]);
    expect(await wards.listBeds(clinic.caller, { ward: room?.location ?? "" })).toEqual([bed]);
    // One that is out of use, behind a thousand that are not.
    const text = JSON.stringify({ ...(await clinic.read("wards", bed.location ?? "")), status: "suspended" });
    const id = bed.location?.split("/")[1] ?? "";
    await ownerOf("wards").write(clinic.caller, { steps: [{ op: "update", type: "Location", id, text, upsert: false }] });
    expect(await wards.listBeds(clinic.caller, { status: BedStatus.closed })).toEqual([{ ...bed, status: "closed" }]);
  });

  it("refuse a second ward of the same name, however it is spelt", async () => {
    await wards.open(clinic.caller, { name: "Maternité", rooms: [{ name: "1", beds: ["A"] }] });
    await expect(wards.open(clinic.caller, { name: "maternite", rooms: [{ name: "1", beds: ["A"] }] })).rejects.toEqual(
      refusal(409, "WARD_ALREADY_OPEN"),
    );
  });

  it("refuse two beds of one name in a room, and accept them in two rooms", async () => {
    const room = (name: string, ...beds: string[]) => ({ name, beds });
    await expect(wards.open(clinic.caller, { name: "Twice", rooms: [room("1", "A", "a")] })).rejects.toEqual(
      refusal(409, "BED_NAME_TAKEN"),
    );
    await expect(wards.open(clinic.caller, { name: "Twice", rooms: [room("1", "A", " A")] })).rejects.toEqual(
      refusal(409, "BED_NAME_TAKEN"),
    );
    expect(await wards.open(clinic.caller, { name: "Twice", rooms: [room("1", "A"), room("2", "A")] })).toMatchObject({ name: "Twice" });
  });

  it("refuses a ward without beds", async () => {
    await expect(wards.open(clinic.caller, { name: "Empty", rooms: [] })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });
});
