/** What one transaction brings is looked at as it will be when all of it is done: in whichever order it comes. */
import { randomUUID } from "node:crypto";
import { billing } from "../../services/billing/billing.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";
import { pharmacyRows } from "./pharmacy-rows.ts";

const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

type Json = Record<string, unknown> & { resourceType: string };
type Entry = { resource?: object; request: { method: string; url: string } };

rulesTable("what comes in one transaction", ["wards", "visits", "hospitalizations", "pharmacy", "billing"], (at) => {
  const { dispense, prescription, onShelf } = pharmacyRows(at);
  const made = (resource: object): Entry => ({ resource, request: { method: "POST", url: (resource as Json).resourceType } });
  const put = (resource: object): Entry => {
    const { resourceType, id } = resource as Json;
    return { resource, request: { method: "PUT", url: `${resourceType}/${id as string}` } };
  };
  const gone = (resource: object): Entry => {
    const { resourceType, id } = resource as Json;
    return { request: { method: "DELETE", url: `${resourceType}/${id as string}` } };
  };
  const send = (entry: Entry[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  const stored = async (resource: object): Promise<Json> => {
    const { status, body, text } = await at.fhir.create(resource);
    if (status !== 201) throw new Error(text);
    return body;
  };
  const void_ = (it: object) => put({ ...it, status: "entered-in-error" });

  const somebody = () => at.stored({ resourceType: "Patient" });
  const physicalType = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code: "bd" }] };
  const bed = (more: object = {}) => stored({ resourceType: "Location", status: "active", physicalType, ...more });
  const lying = ({ id }: Json, hours: number) => ({
    location: { reference: `Location/${id as string}` },
    status: "active",
    period: { start: ago(hours) },
  });
  const stay = async (place: Json, hours = 20) => ({
    resourceType: "Encounter",
    status: "in-progress",
    class: { code: "IMP" },
    subject: await somebody(),
    period: { start: ago(hours) },
    location: [lying(place, hours)],
  });
  const left = (it: object, hours: number) =>
    (it as { location: Json[] }).location.map((one) => ({
      ...one,
      status: "completed",
      period: { ...(one["period"] as object), end: ago(hours) },
    }));
  const moved = (it: object, place: Json, hours: number) => put({ ...it, location: [...left(it, hours), lying(place, hours)] });
  const discharged = (it: object, hours: number) =>
    put({ ...it, status: "finished", period: { start: ago(20), end: ago(hours) }, location: left(it, hours) });
  const booked = (practitioner: { reference: string }, from: number, more: object = {}) => ({
    resourceType: "Appointment",
    status: "booked",
    start: `2999-01-01T0${from}:00:00Z`,
    end: `2999-01-01T0${from}:30:00Z`,
    participant: [{ actor: practitioner, status: "accepted" }],
    ...more,
  });
  let doctors = 0;
  const doctor = () => {
    doctors += 1;
    return { reference: `Practitioner/${doctors}` };
  };

  /** Each makes the entries anew: sent in this order and in the other one. */
  const kept: [what: string, entries: () => Promise<Entry[]>][] = [
    [
      "two patients who changed beds an hour ago",
      async () => {
        const [a, b] = [await bed(), await bed()];
        const [one, other] = [await stored(await stay(a)), await stored(await stay(b))];
        return [moved(one, b, 1), moved(other, a, 1)];
      },
    ],
    [
      "a discharge of three hours ago, and who came into the bed after it",
      async () => {
        const a = await bed();
        return [discharged(await stored(await stay(a)), 3), made(await stay(a, 2))];
      },
    ],
    [
      "a discharge of this moment, and who comes into the bed",
      async () => {
        const a = await bed();
        return [discharged(await stored(await stay(a)), 0), made(await stay(a, 0))];
      },
    ],
    [
      "an admission that was a mistake, and the right patient in that bed from the same time",
      async () => {
        const a = await bed();
        return [void_(await stored(await stay(a))), made(await stay(a))];
      },
    ],
    [
      "an admission that is deleted, and the right patient in that bed",
      async () => {
        const a = await bed();
        return [gone(await stored(await stay(a))), made(await stay(a))];
      },
    ],
    [
      "a ward that is closed, and its last patient moved out of it",
      async () => {
        const ward = await stored({ resourceType: "Location", status: "active" });
        const it = await stored(await stay(await bed({ partOf: { reference: `Location/${ward["id"] as string}` } })));
        return [moved(it, await bed(), 0), put({ ...ward, status: "inactive" })];
      },
    ],
    [
      "a dispense that was a mistake, and the right one of the same prescription and the last on the shelf",
      async () => {
        const { concept } = await onShelf();
        const order = await at.stored(prescription({ medicationCodeableConcept: concept }));
        const by = (value: number) =>
          dispense({ medicationCodeableConcept: concept, quantity: { value }, authorizingPrescription: [order] });
        return [void_(await stored(by(10))), made(by(9))];
      },
    ],
    [
      "a delivery and a dispense of it that were mistakes",
      async () => {
        const { concept, arrived } = await onShelf();
        const handed = await stored(dispense({ medicationCodeableConcept: concept, quantity: { value: 10 } }));
        return [void_(handed), void_((await at.fhir.get(`/${arrived}`)).body)];
      },
    ],
    [
      "two appointments that change their times",
      async () => {
        const who = doctor();
        const [one, other] = [await stored(booked(who, 1)), await stored(booked(who, 2))];
        return [put({ ...one, start: other["start"], end: other["end"] }), put({ ...other, start: one["start"], end: one["end"] })];
      },
    ],
    [
      "an appointment that is cancelled, and another at its time",
      async () => {
        const who = doctor();
        return [put({ ...(await stored(booked(who, 1))), status: "cancelled" }), made(booked(who, 1))];
      },
    ],
    [
      "a payment that is taken back, and the right one",
      async () => {
        const patient = await somebody();
        const encounter = await at.stored({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject: patient });
        await billing.charge(at.mesh.caller, { encounter: encounter.reference, text: "x", cents: 1_000, currency: "EUR" });
        const { invoice } = await billing.invoice(at.mesh.caller, { encounter: encounter.reference });
        const pay = () => billing.pay(at.mesh.caller, { invoice, cents: 1_000, means: "cash" });
        const read = async (place: string): Promise<Json> => {
          const { id: _, meta: __, identifier: ___, paymentIdentifier: ____, ...rest } = (await at.fhir.get(`/${place}`)).body;
          return rest;
        };
        const first = await pay();
        const { payment: back } = await billing.takeBack(at.mesh.caller, { payment: first.payment, reason: "another paid" });
        const second = await pay();
        const again = JSON.parse(JSON.stringify(await read(back)).replaceAll(first.payment, second.payment));
        return [made(again), made(await read(first.payment))];
      },
    ],
  ];
  it.each(kept)("hold in either order: %s", async (_, entries) => {
    expect(await send(await entries())).toMatchObject({ status: 200 });
    expect(await send((await entries()).reverse())).toMatchObject({ status: 200 });
  });

  const broken: [what: string, element: RegExp, entries: () => Promise<Entry[]>][] = [
    [
      "two who have lain in one bed at one time (encounter-bed-since)",
      /location\.location$/,
      async () => {
        const a = await bed();
        const before = { ...(await stay(a, 9)), status: "finished", period: { start: ago(9), end: ago(4) } };
        return [made({ ...before, location: left(before, 4) }), made(await stay(a, 5))];
      },
    ],
    [
      "a discharge of an hour ago, and who came into the bed before it",
      /location\.location$/,
      async () => {
        const a = await bed();
        return [discharged(await stored(await stay(a)), 1), made(await stay(a, 2))];
      },
    ],
    [
      "a dispense that was a mistake, and one of more than was on the shelf",
      /quantity$/,
      async () => {
        const { concept } = await onShelf();
        const of = (value: number) => dispense({ medicationCodeableConcept: concept, quantity: { value } });
        return [void_(await stored(of(10))), made(of(11))];
      },
    ],
    [
      "two appointments of one practitioner, one of which is moved to the other's time",
      /start$/,
      async () => {
        const who = doctor();
        const one = await stored(booked(who, 1));
        return [put({ ...one, start: "2999-01-01T03:00:00Z", end: "2999-01-01T03:30:00Z" }), made(booked(who, 3))];
      },
    ],
    [
      "a severe allergy, and the medication to which it is",
      /medicationCodeableConcept$/,
      async () => {
        const patient = await somebody();
        const { concept: code } = await onShelf();
        const clinicalStatus = {
          coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }],
        };
        return [
          made({ resourceType: "AllergyIntolerance", clinicalStatus, criticality: "high", code, patient }),
          made(prescription({ subject: patient, medicationCodeableConcept: code })),
        ];
      },
    ],
  ];
  it.each(broken)("are refused in either order: %s", async (_, element, entries) => {
    const refused = { status: 409, body: { issue: [{ code: "business-rule", expression: [expect.stringMatching(element)] }] } };
    expect(await send(await entries())).toMatchObject(refused);
    expect(await send((await entries()).reverse())).toMatchObject(refused);
  });

  const orders: [what: string, left: number, entries: (medication: { system: string; code: string }) => Promise<Entry[]>][] = [
    [
      "the first delivery of a medication, and what is dispensed of it",
      7,
      async (medication) => [
        made({
          resourceType: "SupplyDelivery",
          status: "completed",
          type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] },
          suppliedItem: { quantity: { value: 10 }, itemCodeableConcept: { coding: [medication] } },
        }),
        made(dispense({ medicationCodeableConcept: { coding: [medication] }, quantity: { value: 3 } })),
      ],
    ],
    [
      "a dispense of whichever lot, and one of all that there is of the lot that expires first",
      7,
      async (medication) => {
        await pharmacy.receive(at.mesh.caller, { medication, quantity: 10, lot: "SOON", expires: "2998-01-01" });
        await pharmacy.receive(at.mesh.caller, { medication, quantity: 10, lot: "LATE", expires: "2999-01-01" });
        const of = (value: number, more: object = {}) =>
          made(dispense({ medicationCodeableConcept: { coding: [medication] }, quantity: { value }, ...more }));
        return [of(3), of(10, { extension: [{ url: "urn:openward:lot", valueString: "SOON" }] })];
      },
    ],
    [
      "a dispense, and what comes back of it",
      8,
      async (medication) => {
        await pharmacy.receive(at.mesh.caller, { medication, quantity: 10 });
        const id = randomUUID();
        const concept = { coding: [medication] };
        return [
          put({ ...dispense({ medicationCodeableConcept: concept, quantity: { value: 3 } }), id }),
          made({
            resourceType: "SupplyDelivery",
            status: "completed",
            suppliedItem: { quantity: { value: 1 }, itemCodeableConcept: concept },
            extension: [{ url: "urn:openward:return-of", valueReference: { reference: `MedicationDispense/${id}` } }],
          }),
        ];
      },
    ],
    [
      "a dispense of one lot, and what comes back of that lot",
      8,
      async (medication) => {
        await pharmacy.receive(at.mesh.caller, { medication, quantity: 10, lot: "A", expires: "2998-01-01" });
        const id = randomUUID();
        const code = { coding: [medication] };
        const lot = { resourceType: "Medication", id: "lot", code, batch: { lotNumber: "A" } };
        return [
          made({
            resourceType: "SupplyDelivery",
            status: "completed",
            contained: [lot],
            suppliedItem: { quantity: { value: 1 }, itemReference: { reference: "#lot" } },
            extension: [{ url: "urn:openward:return-of", valueReference: { reference: `MedicationDispense/${id}` } }],
          }),
          put({ ...dispense({ medicationCodeableConcept: code, quantity: { value: 3 } }), id }),
        ];
      },
    ],
  ];
  it.each(orders)("move the stock alike in either order: %s", async (_, left, entries) => {
    for (const order of [(all: Entry[]) => all, (all: Entry[]) => all.reverse()]) {
      const medication = { system: "urn:rx", code: randomUUID() };
      expect(await send(order(await entries(medication)))).toMatchObject({ status: 200 });
      const lots = await pharmacy.listStock(at.mesh.caller, { medication: `urn:rx|${medication.code}` });
      expect(lots[0]?.quantity).toBe(left);
    }
  });

  it("let a medication be ordered together with a correction of the allergy to it", async () => {
    const patient = await somebody();
    const { concept: code } = await onShelf();
    const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const allergy = await stored({ resourceType: "AllergyIntolerance", clinicalStatus, criticality: "high", code, patient });
    const order = made(prescription({ subject: patient, medicationCodeableConcept: code }));
    expect(await send([order])).toMatchObject({ status: 409 });
    expect(await send([order, put({ ...allergy, criticality: "low" })])).toMatchObject({ status: 200 });
  });
});
