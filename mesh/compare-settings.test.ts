import { type Mesh, startMesh } from "../test/kit/mesh.ts";

describe("a node whose settings differ from those of the mesh", () => {
  let mesh: Mesh;
  let log = "";

  beforeAll(async () => {
    const more = { HOSPITAL_TIME_ZONE: "Africa/Algiers", LOG_LEVEL: "warn" };
    mesh = await startMesh({ services: ["journal", "lab"], env: more, log: (text) => (log += text) });
  });
  afterAll(() => mesh.stop());

  it.each([
    ["HOSPITAL_TIME_ZONE", "UTC", "Africa/Algiers"],
    ["ACCESS", "closed", "open"],
  ])("does not start with another %s", async (setting, own, theirs) => {
    const sentence = new RegExp(
      `^${setting} is ${own} here, but ${theirs} at .*(lab|journal)-[0-9a-f]{16}: their answers differ. .*does not start.$`,
    );
    const members = "journal,lab,identity,ledger"; // with what a closed system needs
    await expect(mesh.add("lab", { [setting]: own, MEMBERS: members })).rejects.toThrow(sentence);
  });

  it("reports a setting that may change while the mesh runs, in its log and in the journal", async () => {
    const { nodeId } = await mesh.add("lab", { RULES: "references:warn" });
    const found = async () =>
      (await mesh.call<{ kind: string; subject: string; node: string }[]>("journal.list", { kind: "settings-differ" })).filter(
        ({ node }) => node === nodeId,
      );
    let listed = await found();
    while (listed.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      listed = await found();
    }
    expect(listed).toEqual([expect.objectContaining({ subject: expect.stringMatching(/^RULES of (lab|journal)-[0-9a-f]{16}$/) })]);
    expect(log).toContain(
      'RULES is {"otherwise":"on","named":{"references":"warn"}} here, but {"otherwise":"on","named":{}} at 2 other nodes',
    );
  });
});
