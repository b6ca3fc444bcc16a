/** `npm run simulate`: some days of a hospital through its doors, after which all of it is right. */
import { readConfig } from "../mesh/config.ts";
import { SYSTEMS } from "../services/systems.ts";
import { allRelayed } from "../test/kit/events.ts";
import { run } from "../test/kit/programs.ts";
import { type Mesh, startMesh } from "../test/kit/mesh.ts";
import { checkData } from "./check-data/check.ts";
import { closeAll, openSources } from "./check-data/owner-stores.ts";

const WITHOUT_EVENTS = ["api", "transactions", "journal", "desk"];

describe("a simulated hospital", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: [...SYSTEMS.provider], nats: false, split: "broker" });
  });
  afterAll(() => mesh?.stop());

  const simulate = async (...args: string[]) => {
    const program = run(["simulate", ...args], { DATA_DIR: mesh.dataDir });
    return { code: await program.ended, said: program.output() };
  };

  it("runs its days, and leaves no inconsistent data", async () => {
    const { code, said } = await simulate("--url", mesh.base, "--beds", "24", "--days", "5", "--seed", "7");
    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/day 5: \d+ admissions[\s\S]*\d+ bills[\s\S]*\d+ results/) });
    // What was done last is charged, and told to boards, a moment later.
    await allRelayed(mesh.caller, ...SYSTEMS.provider.filter((name) => !WITHOUT_EVENTS.includes(name)));
    const config = readConfig({ DATA_DIR: mesh.dataDir, ACCESS: "open" });
    const sources = await openSources(config);
    const report = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
    expect(report.findings).toEqual([]);
    expect(report.unsettled).toBe(0);
    expect(report.resources).toBeGreaterThan(300);
  });

  it.each([
    ["a number that is none", ["--beds", "many"], /--beds should be a whole number from 1 to 3000/],
    ["too many days", ["--days", "1000"], /--days should be a whole number from 1 to 366/],
    ["an option that there is not", ["--ward", "3"], /Unknown option '--ward'[\s\S]*usage/],
  ])("is refused in one sentence for %s", async (_, args, sentence) => {
    expect(await simulate(...args)).toEqual({ code: 1, said: expect.stringMatching(sentence) });
  });
});
