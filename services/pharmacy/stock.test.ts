import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { pharmacy } from "./pharmacy.contract.ts";
import PharmacyService from "./pharmacy.service.ts";
import { counterOf, endOf, shelfOfCounter } from "./stock/portions.model.ts";

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

describe("a place with stock", () => {
  it.each([
    { medication: { system: "urn:oid:1.2|3", code: "31/37" }, place: "Location/w1", lot: "A/7 b", expires: "2027-03" },
    { medication: { system: "", code: "x" }, place: "Location/w1", lot: "", expires: "" },
    { medication: { system: "urn:rx", code: "x" }, place: "", lot: "", expires: "" },
  ])("has one counter, whatever its place and lot look like", (shelf) => {
    expect(shelfOfCounter(counterOf(shelf))).toEqual(shelf);
  });

  it("may be used until the last day of its month", () => {
    expect(endOf({ expires: "2027-02" })).toBeGreaterThan(Date.parse("2027-02-28T12:00:00Z"));
    expect(endOf({ expires: "2027-02" })).toBeLessThan(Date.parse("2027-03-02T00:00:00Z"));
  });
});

describe("the stock by place and lot", () => {
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PharmacyService);
  });
  afterAll(() => clinic.stop());

  const newMedication = () => {
    next += 1;
    return { system: "urn:rx", code: `lot-${next}` };
  };
  type Drug = ReturnType<typeof newMedication>;
  const textOf = ({ system, code }: Drug) => `${system}|${code}`;
  const receive = (medication: Drug, quantity: number, more: object = {}) =>
    pharmacy.receive(clinic.caller, { medication, quantity, ...more });
  const prescribe = async (medication: Drug, quantity: number) =>
    (await pharmacy.prescribe(clinic.caller, { patient: "Patient/1", medication, quantity, dosage: "1 a day" })).prescription;
  const dispense = async (medication: Drug, quantity: number, more: object = {}) =>
    pharmacy.dispense(clinic.caller, { prescription: await prescribe(medication, quantity), quantity, ...more });
  const lots = async (medication: Drug, place?: string) =>
    (await pharmacy.listLots(clinic.caller, { medication: textOf(medication), ...(place !== undefined && { place }) })).map(
      ({ lot, quantity, place: at }) => [lot, quantity, ...(at === undefined ? [] : [at])],
    );

  it.each(["\ud800", "urn:rx|\udfff", "%", "a/b|c d"])("has nothing of a medication that nobody has received: %j", async (medication) => {
    expect(await pharmacy.proposeLot(clinic.caller, { medication, quantity: 6 })).toEqual({ lots: [], missing: 6 });
    expect(await pharmacy.listLots(clinic.caller, { medication })).toEqual([]);
  });

  it("is to be reordered if it is not above the place's reorder level", async () => {
    const medication = newMedication();
    const of = textOf(medication);
    await receive(medication, 10, { lot: "GOOD", expires: inDays(400) });
    await receive(medication, 50, { lot: "OLD", expires: inDays(-2) });
    const toOrder = () => pharmacy.listReorderLevels(clinic.caller, { medication: of, isBelow: true });
    const level = { medication, level: 5 };
    expect(await pharmacy.setReorderLevel(clinic.caller, level)).toEqual({ ...level, quantity: 10, isBelow: false });
    await pharmacy.setReorderLevel(clinic.caller, { medication, level: 2, place: "Location/w1" });
    expect(await toOrder()).toEqual([{ medication, level: 2, place: "Location/w1", quantity: 0, isBelow: true }]);
    await dispense(medication, 5);
    expect(await toOrder()).toContainEqual({ ...level, quantity: 5, isBelow: true });
    await pharmacy.blockLot(clinic.caller, { medication, lot: "GOOD", reason: "recalled" });
    expect(await toOrder()).toContainEqual({ ...level, quantity: 0, isBelow: true });
    await pharmacy.setReorderLevel(clinic.caller, { medication, level: 0, place: "Location/w1" });
    await pharmacy.setReorderLevel(clinic.caller, { medication, level: 0 });
    await pharmacy.setReorderLevel(clinic.caller, { medication, level: 0, place: "Location/w2" }); // has none
    expect(await pharmacy.listReorderLevels(clinic.caller, { medication: of })).toEqual([]);
    const negative = pharmacy.setReorderLevel(clinic.caller, { medication, level: -1 });
    await expect(negative).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("has a reorder level that is changed by those who have read the latest one", async () => {
    const medication = newMedication();
    const set = (level: number, seen?: number) =>
      pharmacy.setReorderLevel(clinic.caller, { medication, level, ...(seen !== undefined && { seen }) });
    await expect(set(5, 3)).rejects.toEqual(refusal(409, "REORDER_LEVEL_CHANGED"));
    expect(await set(5, 0)).toMatchObject({ level: 5 });
    await expect(set(7, 0)).rejects.toEqual(refusal(409, "REORDER_LEVEL_CHANGED"));
    expect(await pharmacy.listReorderLevels(clinic.caller, { medication: textOf(medication) })).toMatchObject([{ level: 5 }]);
    expect(await set(0, 5)).toMatchObject({ level: 0 });
    await expect(set(7, 5)).rejects.toEqual(refusal(409, "REORDER_LEVEL_CHANGED"));
    expect(await set(7, 0)).toMatchObject({ level: 7 }); // what is not watched any more has no level
    expect(await set(8)).toMatchObject({ level: 8 }); // who does not say what was read
    await expect(set(9, -1)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("is dispensed by expiry date, over several lots, and proposed so", async () => {
    const medication = newMedication();
    await receive(medication, 10, { lot: "LATE", expires: inDays(400) });
    await receive(medication, 4, { lot: "SOON", expires: inDays(40) });
    await receive(medication, 5);
    expect(await pharmacy.proposeLot(clinic.caller, { medication: textOf(medication), quantity: 6 })).toEqual({
      lots: [
        { lot: "SOON", expires: inDays(40), quantity: 4 },
        { lot: "LATE", expires: inDays(400), quantity: 2 },
      ],
      missing: 0,
    });
    const taken = await dispense(medication, 6);
    expect(taken).toMatchObject({ left: 13, lots: [{ lot: "SOON" }, { lot: "LATE" }] });
    expect(await lots(medication)).toEqual([
      ["LATE", 8],
      ["", 5],
    ]);
    expect((await dispense(medication, 1, { lot: "LATE" })).lots).toEqual([{ lot: "LATE", expires: inDays(400), quantity: 1 }]);
    await expect(dispense(medication, 8, { lot: "LATE" })).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
  });

  it("dispenses no expired lot, and no blocked one until it is released", async () => {
    const medication = newMedication();
    await receive(medication, 10, { lot: "OLD", expires: inDays(-2) });
    await receive(medication, 10, { lot: "RECALLED", expires: inDays(90) });
    await expect(dispense(medication, 1, { lot: "OLD" })).rejects.toEqual(refusal(409, "LOT_EXPIRED"));
    const recall = { medication, lot: "RECALLED", reason: "recalled by its maker" };
    const { record } = await pharmacy.blockLot(clinic.caller, recall);
    expect(await clinic.read("pharmacy", record)).toMatchObject({ status: "inactive", batch: { lotNumber: "RECALLED" } });
    await expect(dispense(medication, 1, { lot: "RECALLED" })).rejects.toEqual(refusal(409, "LOT_BLOCKED"));
    await expect(dispense(medication, 1)).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    expect((await pharmacy.listLots(clinic.caller, { medication: textOf(medication) })).map(({ unusable }) => unusable)).toEqual([
      "expired",
      "blocked",
    ]);
    expect(await pharmacy.releaseLot(clinic.caller, recall)).toMatchObject({ record, isBlocked: false });
    await expect(pharmacy.releaseLot(clinic.caller, recall)).rejects.toEqual(refusal(409, "LOT_NOT_BLOCKED"));
    expect(await dispense(medication, 1)).toMatchObject({ lots: [{ lot: "RECALLED" }] });
    expect(await pharmacy.adjust(clinic.caller, { medication, by: -10, reason: "expired" })).toMatchObject({ stock: { quantity: 9 } });
    expect(await lots(medication)).toEqual([["RECALLED", 9]]);
  });

  it("lists what expires within some days, and what has expired", async () => {
    const medication = newMedication();
    await receive(medication, 1, { lot: "A", expires: inDays(-1) });
    await receive(medication, 2, { lot: "B", expires: inDays(20) });
    await receive(medication, 3, { lot: "C", expires: inDays(50) });
    const own = async (days?: number) =>
      (await pharmacy.expiring(clinic.caller, days === undefined ? {} : { days })).filter((it) => it.medication.code === medication.code);
    expect((await own()).map(({ lot, unusable }) => [lot, unusable])).toEqual([
      ["A", "expired"],
      ["B", undefined],
    ]);
    expect(await own(60)).toHaveLength(3);
  });

  it("is separate for each place: what is moved to a ward is dispensed there, and not at the counter", async () => {
    const medication = newMedication();
    const ward = "Location/ward-1";
    await receive(medication, 10, { lot: "L", expires: inDays(90) });
    const moved = await pharmacy.transfer(clinic.caller, { medication, quantity: 4, to: ward, reason: "ward stock" });
    expect(moved).toMatchObject({ quantity: 4, lots: [{ lot: "L", quantity: 4 }], stock: { quantity: 4 } });
    expect(await lots(medication, ward)).toEqual([["L", 4, ward]]);
    expect(await dispense(medication, 3, { place: ward })).toMatchObject({ left: 7, lots: [{ lot: "L", place: ward, quantity: 3 }] });
    await expect(dispense(medication, 2, { place: ward })).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    await expect(dispense(medication, 7)).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    await expect(dispense(medication, 1, { place: "Location/ward-2" })).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    await expect(pharmacy.transfer(clinic.caller, { medication, quantity: 2, from: ward })).rejects.toEqual(refusal(409, "STOCK_TOO_LOW"));
    await expect(pharmacy.transfer(clinic.caller, { medication, quantity: 1, from: ward, to: ward })).rejects.toEqual(
      refusal(409, "SAME_PLACE"),
    );
    await pharmacy.transfer(clinic.caller, { medication, quantity: 1, from: ward });
    expect(await lots(medication)).toEqual([["L", 7]]);
  });

  it("can be counted by lot at a place, and for a place as a whole", async () => {
    const medication = newMedication();
    const place = "Location/ward-3";
    await receive(medication, 10, { lot: "L", place });
    const stale = pharmacy.count(clinic.caller, { medication, quantity: 8, lot: "L", place, seen: 11 });
    await expect(stale).rejects.toEqual(refusal(409, "STOCK_CHANGED"));
    expect(await pharmacy.count(clinic.caller, { medication, quantity: 8, lot: "L", place, seen: 10 })).toMatchObject({ by: -2 });
    expect(await pharmacy.count(clinic.caller, { medication, quantity: 3, lot: "M", place })).toMatchObject({ by: 3 });
    expect(await pharmacy.count(clinic.caller, { medication, quantity: 11, place })).toEqual({
      by: 0,
      stock: { medication, quantity: 11 },
    });
    expect(await pharmacy.count(clinic.caller, { medication, quantity: 2, place })).toMatchObject({ by: -9 });
    expect(await lots(medication)).toEqual([["M", 2, place]]);
  });

  it("takes returns back into the lot, and a cancelled dispense into each of its lots", async () => {
    const medication = newMedication();
    await receive(medication, 2, { lot: "A", expires: inDays(30) });
    await receive(medication, 5, { lot: "B", expires: inDays(60) });
    const { dispense: reference } = await dispense(medication, 4);
    await expect(pharmacy.return(clinic.caller, { dispense: reference, quantity: 3, lot: "A" })).rejects.toEqual(
      refusal(409, "MORE_THAN_DISPENSED"),
    );
    expect(await pharmacy.return(clinic.caller, { dispense: reference, quantity: 1, lot: "A" })).toMatchObject({ kept: 3, left: 4 });
    expect(await lots(medication)).toEqual([
      ["A", 1],
      ["B", 3],
    ]);
    expect(await pharmacy.return(clinic.caller, { dispense: reference, quantity: 1 })).toMatchObject({ kept: 2, left: 5 });
    expect(await lots(medication)).toEqual([
      ["A", 1],
      ["B", 4],
    ]);
    expect(await pharmacy.void(clinic.caller, { dispense: reference, reason: "wrong patient" })).toMatchObject({ left: 7 });
    expect(await lots(medication)).toEqual([
      ["A", 2],
      ["B", 5],
    ]);
  });

  it("has one expiry date per lot", async () => {
    const medication = newMedication();
    await receive(medication, 2, { lot: "A", expires: "2031-05" });
    await expect(receive(medication, 2, { lot: "A", expires: "2031-06" })).rejects.toEqual(refusal(409, "LOT_DIFFERS"));
    await expect(receive(medication, 2, { expires: "2031-06" })).rejects.toEqual(refusal(409, "LOT_MISSING"));
    await receive(medication, 1, { lot: "A" });
    expect(await lots(medication)).toEqual([["A", 3]]);
  });

  it("is reduced by a dose given on a ward, and restored if that was a mistake", async () => {
    const medication = newMedication();
    const place = "Location/ward-4";
    await receive(medication, 3, { lot: "L", expires: inDays(9), place });
    const prescription = await prescribe(medication, 5);
    const given = { prescription, outcome: "given" as const, override: "no scanner", fromStock: { place, quantity: 2 } };
    const { administration } = await pharmacy.administer(clinic.caller, given);
    expect(await lots(medication)).toEqual([["L", 1, place]]);
    await expect(pharmacy.administer(clinic.caller, given)).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    await pharmacy.cancelAdministration(clinic.caller, { administration, reason: "not given" });
    expect(await lots(medication)).toEqual([["L", 3, place]]);
  });

  it("is dispensed to as many as there are units, with any concurrent callers and lots", async () => {
    const medication = newMedication();
    for (const lot of ["A", "B", "C"]) await receive(medication, 5, { lot });
    const prescription = await prescribe(medication, 40);
    const tries = await Promise.allSettled(
      Array.from({ length: 24 }, () => pharmacy.dispense(clinic.caller, { prescription, quantity: 1 })),
    );
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(15);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "OUT_OF_STOCK"));
    expect(await lots(medication)).toEqual([]);
  });

  it("has a list of its movements: received, moved, dispensed, given on a ward, counted, and returned", async () => {
    const medication = newMedication();
    const ward = "Location/w9";
    await receive(medication, 20, { lot: "A", expires: inDays(400) });
    await pharmacy.transfer(clinic.caller, { medication, quantity: 6, to: ward, lot: "A" });
    const { dispense: reference } = await dispense(medication, 5);
    await pharmacy.return(clinic.caller, { dispense: reference, quantity: 2 });
    await pharmacy.administer(clinic.caller, {
      prescription: await prescribe(medication, 3),
      outcome: "given",
      override: "at once",
      fromStock: { place: ward, quantity: 1 },
    });
    await pharmacy.count(clinic.caller, { medication, quantity: 10, lot: "A", reason: "one is broken" });
    await receive(newMedication(), 9);
    const movements = await pharmacy.listMovements(clinic.caller, { medication: textOf(medication) });
    const inOrder = movements.toSorted((a, b) => a.quantity - b.quantity || (a.kind < b.kind ? 1 : -1));
    expect(inOrder.map(({ at, record, expires, ...told }) => told)).toEqual([
      { kind: "transfer", lot: "A", quantity: -6 },
      { kind: "dispense", lot: "A", quantity: -3 },
      expect.objectContaining({ kind: "dose", lot: "A", quantity: -1, place: ward }),
      { kind: "correction", lot: "A", quantity: -1, reason: "one is broken" },
      expect.objectContaining({ kind: "transfer", lot: "A", quantity: 6, place: ward }),
      { kind: "delivery", lot: "A", quantity: 20 },
    ]);
    expect(movements[0]).toMatchObject({ kind: "correction", record: expect.stringMatching(/^SupplyDelivery\//) });
    const left = await lots(medication);
    expect(movements.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(left.reduce((sum, [, quantity]) => sum + Number(quantity), 0));
  });
});
