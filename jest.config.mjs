/**
 * Two projects: `unit` needs no server and no download and takes less than a minute, `mesh` is all else. test/kit/projects.ts tells them
 * apart by what a test reaches. Tests run as CommonJS made by swc, one transform for the whole project; `import.meta.dirname` and
 * `.filename` work in sources.
 */
import { existsSync, statfsSync } from "node:fs";
import { testsByProject } from "./test/kit/projects.ts";

// Most tests are of something else than who asks; those of sign-in say `closed`. The processes that tests start inherit it.
process.env.ACCESS = "open";

// What a disk takes to confirm each write is not what tests are about: where there is room in memory, their folders are there.
const MEMORY = "/dev/shm";
const NEEDED_BYTES = 4e9;
const room = existsSync(MEMORY) ? statfsSync(MEMORY) : { bavail: 0, bsize: 0 };
if (!process.env.TMPDIR && room.bavail * room.bsize > NEEDED_BYTES) process.env.TMPDIR = MEMORY;

const tests = testsByProject();
const project = (name) => ({
  displayName: name,
  testEnvironment: "node",
  testMatch: tests[name].map((file) => `<rootDir>/${file}`),
  modulePathIgnorePatterns: ["<rootDir>/data/", "<rootDir>/\\.servers/"],
  transform: {
    "\\.[cm]?[jt]s$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2024" },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  // This package offers itself to `import` only; what is made CommonJS asks by `require`.
  moduleNameMapper: { "^fhir-kit-client$": "<rootDir>/node_modules/fhir-kit-client/dist/index.js" },
});

export default {
  projects: [project("unit"), { ...project("mesh"), globalSetup: "<rootDir>/test/kit/fetch-servers.ts" }],
  // Ends a test that hangs, and asserts no speed: a machine may be several times slower than another, or stand still. Milliseconds.
  testTimeout: 300_000,
  maxWorkers: 3, // of two processors: a part of the tests waits for clocks, frames and deadlines
  // What is left of the modules of earlier files is several GB by the end; a worker beyond this is replaced after its file.
  workerIdleMemoryLimit: "1.5GB",
};
