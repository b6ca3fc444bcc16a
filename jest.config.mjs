/** Tests run as CommonJS made by swc, one transform for the whole project; `import.meta.dirname` and `.filename` work in sources. */
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/data/", "<rootDir>/\\.servers/"],
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
  globalSetup: "<rootDir>/test/kit/fetch-servers.ts",
  testTimeout: 30_000, // milliseconds; a test that starts processes and servers on a busy machine
  maxWorkers: 2,
};
