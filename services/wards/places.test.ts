/** What beds and rooms have, how clean they are, and whether they are in use. */
import { setTimeout as pause } from "node:timers/promises";
import { nonNull } from "../../fhir/non-null.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { hospitalizations } from "../hospitalizations/hospitalizations.contract.ts";
import HospitalizationsService from "../hospitalizations/hospitalizations.service.ts";
import TransactionsService from "../transactions/transactions.service.ts";
import { type Ward, wards } from "./wards.contract.ts";
import WardsService from "./wards.service.ts";

describe("a place of the hospital", () => {
  let clinic: Clinic;
  let ward: Ward;
  let room: string;
  let bed: string;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(WardsService, HospitalizationsService, TransactionsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    ward = await wards.open(clinic.caller, {
      name: `Ward ${next}`,
      rooms: [
        { name: "1", beds: ["A"] },
        { name: "2", beds: ["A"] },
      ],
    });
    room = ward.rooms[0]?.location ?? "";
    bed = ward.rooms[0]?.beds[0]?.location ?? "";
  });
  const admit = (place: object, index = 0) => hospitalizations.admit(clinic.caller, { patient: `Patient/${next}-${index}`, ...place });
  const statuses = async () => (await wards.listBeds(clinic.caller, { ward: ward.location })).map(({ status }) => status);

  it("gets more beds with names that are new in the room, unless it is not a room, or is closed", async () => {
    const beds = await wards.addBeds(clinic.caller, { room, beds: ["B", "C"], attributes: ["oxygen"] });
    expect(beds).toMatchObject([{ name: `Ward ${next}, 1, B`, room, ward: ward.location, status: "free" }, {}]);
    expect(await statuses()).toEqual(["free", "free", "free", "free"]);
    const add = (to: string, ...names: string[]) => wards.addBeds(clinic.caller, { room: to, beds: names });
    await expect(add(room, "D", "a")).rejects.toEqual(refusal(409, "BED_NAME_TAKEN"));
    await expect(add(ward.location, "D")).rejects.toEqual(refusal(409, "NOT_A_ROOM"));
    await expect(add("Location/none", "D")).rejects.toEqual(refusal(404, "PLACE_NOT_FOUND"));
    await wards.close(clinic.caller, { location: room, reason: "painted" });
    await expect(add(room, "D")).rejects.toEqual(refusal(409, "WARD_IS_CLOSED"));
  });

  it("can be a further room of a ward, unless the ward is closed", async () => {
    const add = (to: string) => wards.addRoom(clinic.caller, { ward: to, name: "3", beds: ["A", "B"] });
    expect(await add(ward.location)).toMatchObject({ name: "3", beds: [{ name: "A" }, { name: "B" }] });
    expect(await statuses()).toEqual(["free", "free", "free", "free"]);
    await expect(add(room)).rejects.toEqual(refusal(409, "NOT_A_WARD"));
    await expect(add("Location/none")).rejects.toEqual(refusal(404, "PLACE_NOT_FOUND"));
    await expect(wards.addRoom(clinic.caller, { ward: ward.location, name: "4", beds: ["A", "a"] })).rejects.toEqual(
      refusal(409, "BED_NAME_TAKEN"),
    );
    await wards.close(clinic.caller, { location: ward.location, reason: "rebuilt" });
    await expect(add(ward.location)).rejects.toEqual(refusal(409, "WARD_IS_CLOSED"));
  });

  it("is found by need, beds without further features first, and none for the other sex", async () => {
    const [isolation, oxygen] = [await wards.addBeds(clinic.caller, { room, beds: ["B"], attributes: ["isolation", "oxygen"] }), bed];
    await wards.describe(clinic.caller, { location: oxygen, attributes: ["oxygen"] });
    const find = async (more: object) => (await wards.findBeds(clinic.caller, { ward: ward.location, ...more })).map((it) => it.location);
    expect(await find({ needs: "oxygen" })).toEqual([oxygen, isolation[0]?.location]);
    expect(await find({ needs: "oxygen,isolation" })).toEqual([isolation[0]?.location]);
    expect(await find({ needs: "cot" })).toEqual([]);
    expect(await wards.describe(clinic.caller, { location: room, sex: "female" })).toMatchObject({ sex: "female", attributes: [] });
    expect(await find({ needs: "oxygen", sex: "male" })).toEqual([]);
    expect(await find({ sex: "female" })).toHaveLength(3);
    await admit({ bed: oxygen });
    expect(await find({ needs: "oxygen" })).toEqual([isolation[0]?.location]);
    await wards.describe(clinic.caller, { location: room, sex: "any" });
    expect((await clinic.read("wards", room)).extension).toBeUndefined();
  });

  it("is changed only by callers who have read its latest version", async () => {
    const bedOn = async () => (await wards.board(clinic.caller, { ward: ward.location })).wards[0]?.rooms[0]?.beds[0];
    const { version } = nonNull(await bedOn());
    const stored = await wards.describe(clinic.caller, { location: bed, version, attributes: ["oxygen"] });
    expect(stored.version).toBe(version + 1);
    await expect(wards.describe(clinic.caller, { location: bed, version, attributes: ["cot"] })).rejects.toMatchObject({
      code: 409,
      type: "PLACE_CHANGED",
      data: { location: bed, version: stored.version },
    });
    expect(await bedOn()).toMatchObject({ version: stored.version, attributes: ["oxygen"] });
    expect(await wards.describe(clinic.caller, { location: bed, version: stored.version, attributes: [] })).toMatchObject({
      attributes: [],
    });
    // Who has not said what they have read changes what is there, as before.
    expect(await wards.describe(clinic.caller, { location: bed, attributes: ["cot"] })).toMatchObject({ attributes: ["cot"] });
  });

  it("has its room's features, and the board shows which belong to which", async () => {
    const roomOn = async () => nonNull((await wards.board(clinic.caller, { ward: ward.location })).wards[0]?.rooms[0]);
    await wards.describe(clinic.caller, { location: bed, attributes: ["oxygen", "cot"] });
    expect((await roomOn()).beds[0]).toMatchObject({ attributes: ["oxygen", "cot"] });
    expect([(await roomOn()).attributes, (await roomOn()).beds[0]?.own]).toEqual([undefined, undefined]);
    const { version } = await wards.describe(clinic.caller, { location: room, attributes: ["isolation", "oxygen"] });
    const { beds, ...is } = await roomOn();
    expect(is).toMatchObject({ version, attributes: ["isolation", "oxygen"] });
    expect(beds[0]).toMatchObject({ attributes: ["oxygen", "cot", "isolation"], own: ["oxygen", "cot"] });
    await wards.describe(clinic.caller, { location: bed, attributes: [] });
    expect((await roomOn()).beds[0]).toMatchObject({ attributes: ["isolation", "oxygen"], own: [] });
    expect(await wards.findBeds(clinic.caller, { ward: ward.location, needs: "isolation,oxygen" })).toMatchObject([{ location: bed }]);
  });

  it("is contaminated, in cleaning and clean, in this order, and cannot be occupied meanwhile", async () => {
    const set = (cleaning: "dirty" | "cleaning" | "clean") => wards.setCleaning(clinic.caller, { bed, cleaning });
    expect(await set("dirty")).toMatchObject({ cleaning: "dirty", status: "open" });
    await expect(admit({ bed })).rejects.toEqual(refusal(409, "NOT_A_BED"));
    await expect(set("clean")).rejects.toEqual(refusal(409, "CLEANING_STEP"));
    const { version } = await set("cleaning");
    expect(await statuses()).toEqual(["closed", "free"]);
    const stale = wards.setCleaning(clinic.caller, { bed, cleaning: "dirty", version: version - 1 });
    await expect(stale).rejects.toEqual(refusal(409, "PLACE_CHANGED"));
    await set("clean");
    expect(await admit({ bed })).toMatchObject({ bed });
    await set("dirty"); // who leaves it leaves it so
    expect(await statuses()).toEqual(["taken", "free"]);
    await expect(wards.setCleaning(clinic.caller, { bed: room, cleaning: "dirty" })).rejects.toEqual(refusal(409, "NOT_A_WARD_BED"));
  });

  it.each([
    ["a ward", () => ward.location],
    ["a room", () => room],
    ["a bed", () => bed],
  ])("%s is closed when nobody is there, takes nobody in, and is opened again", async (_, place) => {
    const { stay } = await admit({ bed });
    const close = () => wards.close(clinic.caller, { location: place(), reason: "no staff" });
    await expect(close()).rejects.toMatchObject({ code: 409, type: "STILL_OCCUPIED", data: { beds: [bed] } });
    await hospitalizations.discharge(clinic.caller, { stay });
    expect(await close()).toMatchObject({ status: "closed" });
    await expect(admit({ bed }, 1)).rejects.toMatchObject({ code: 409, type: place() === bed ? "NOT_A_BED" : "WARD_CLOSED" });
    const board = await wards.board(clinic.caller, { ward: ward.location });
    expect(board.wards[0]?.rooms.flatMap((it) => it.beds).find((it) => it.location === bed)?.status ?? "closed").toBe("closed");
    expect(await wards.reopen(clinic.caller, { location: place() })).toMatchObject({ status: "open" });
    expect(await admit({ bed }, 2)).toMatchObject({ bed });
  });

  it("cannot be closed while a patient without a bed is in the ward", async () => {
    await admit({ ward: ward.location });
    await expect(wards.close(clinic.caller, { location: ward.location, reason: "x" })).rejects.toEqual(refusal(409, "STILL_OCCUPIED"));
  });

  it("cannot be closed during a concurrent admission", async () => {
    for (let laterMs = 0; laterMs < 12; laterMs += 1) {
      const { location, rooms } = await wards.open(clinic.caller, { name: `Busy ${next} ${laterMs}`, rooms: [{ name: "1", beds: ["A"] }] });
      const closing = pause(laterMs).then(() => wards.close(clinic.caller, { location, reason: "no staff" }));
      const coming = admit({ bed: rooms[0]?.beds[0]?.location ?? "" }, laterMs);
      const [admission, closure] = await Promise.allSettled([coming, closing]);
      expect([admission.status, closure.status].filter((it) => it === "fulfilled")).toHaveLength(1);
    }
  });
});
