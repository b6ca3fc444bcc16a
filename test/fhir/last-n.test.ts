import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital } from "../kit/hospital.ts";

/** `Observation/$lastn` (FHIR R4, observation-operation-lastn.html). */
describe("the last Observations", () => {
  const at = hospital();
  type Code = { coding?: object[]; text?: string };

  /** What is measured on a patient, each on a day of January: the day is what the tests know it by. */
  const measure = async (patient: string, measures: [day: string, code: Code][]) => {
    for (const [day, code] of measures) {
      const { status } = await at.fhir.create({
        resourceType: "Observation",
        status: "final",
        code,
        subject: { reference: `Patient/${patient}` },
        valueString: day,
        ...(day !== "some day" && { effectiveDateTime: `2026-01-${day}` }),
      });
      if (status !== 201) throw new Error(`${day}: ${status}`);
    }
  };
  const codes = (...names: string[]): Code => ({ coding: names.map((code) => ({ system: "urn:c", code })) });
  const last = async (patient: string, query = "", headers = {}) =>
    (await at.fhir.get(`/Observation/$lastn?patient=Patient/${patient}${query}`, headers)).body;
  const daysIn = (body: { entry?: { resource: { valueString?: string } }[] }) =>
    (body.entry ?? []).map((it) => it.resource.valueString).filter((day) => day !== undefined);

  it("are the last of all codes joined by translations, however long the chain", async () => {
    await measure("translated", [
      ["01", codes("a")],
      ["02", codes("b")],
      ["03", codes("a", "b")],
      ["04", codes("d", "c")],
      ["05", codes("c")],
      ["06", codes("b", "c")],
      ["07", codes("z")],
      ["08", codes("d")],
    ]);
    expect(daysIn(await last("translated"))).toEqual(["08", "07"]);
    expect(daysIn(await last("translated", "&max=3"))).toEqual(["08", "07", "06", "05"]);
    // What joins them must match too: without it they are two.
    expect(daysIn(await last("translated", "&date=lt2026-01-03"))).toEqual(["02", "01"]);
  });

  it("distinguish a code without a system from the same code with one, and a system without a code from any", async () => {
    await measure("plain", [
      ["01", codes("a")],
      ["02", { coding: [{ code: "a" }] }],
      ["03", { coding: [{ system: "urn:c" }], text: "pain" }],
      ["04", { coding: [{ system: "urn:c" }], text: "mood" }],
    ]);
    expect(daysIn(await last("plain"))).toEqual(["04", "03", "02", "01"]);
  });

  it("are several if several have the latest time", async () => {
    await measure("tied", [
      ["01", codes("a")],
      ["02", codes("a")],
      ["03", codes("a")],
      ["03", codes("a", "b")],
      ["02", codes("b")],
      ["02", { text: "pain" }],
      ["02", { text: "pain" }],
      ["01", { text: "pain" }],
    ]);
    expect(daysIn(await last("tied"))).toEqual(["03", "03", "02", "02"]);
    expect(daysIn(await last("tied", "&code=urn:c|a&max=2"))).toEqual(["03", "03"]);
    expect(daysIn(await last("tied", "&code=urn:c|a,urn:c|b&max=3"))).toEqual(["03", "03", "02", "02"]);
  });

  it("are at most as many as requested if none has a time", async () => {
    await measure("timeless", [
      ["some day", codes("a")],
      ["some day", codes("a")],
    ]);
    expect(daysIn(await last("timeless"))).toEqual(["some day"]);
  });

  it("follow _summary and _elements; other result parameters are reported, or refused if strict", async () => {
    await measure("shaped", [["01", codes("a")]]);
    const body = await last("shaped", "&_elements=valueString&_count=5&_include=Observation:patient&_sort=date");
    expect(daysIn(body)).toEqual(["01"]);
    expect(body.entry[0].resource).toMatchObject({ meta: { tag: [{ code: "SUBSETTED" }] } });
    expect(body.entry[1].resource.issue.map((it: { expression: string[] }) => it.expression[0])).toEqual(["_count", "_include", "_sort"]);
    expect(body.link[0].url).toBe(`${at.mesh.base}/fhir/Observation/$lastn?patient=Patient%2Fshaped&_elements=valueString`);
    expect(await last("shaped", "&_summary=count")).toMatchObject({ total: 1 });
    const strict = { Prefer: "handling=strict" };
    for (const wrong of [
      "_count=5",
      "_include=Observation:patient",
      "_include:iterate=Observation:patient",
      "_sort=date",
      "_total=accurate",
    ]) {
      expect(await last("shaped", `&${wrong}`, strict)).toEqual(outcomeWith("not-supported"));
    }
    expect(daysIn(await last("shaped", "&max=1&_elements=valueString", strict))).toEqual(["01"]);
    expect(await last("shaped", "&colour=red")).toEqual(outcomeWith("not-supported"));
  });
});
