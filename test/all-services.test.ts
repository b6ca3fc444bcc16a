/** What each service has besides its folder, without a server: `npm run new -- service NAME` makes it for a new one. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { LANGUAGES, messagesOf } from "../services/desk/files/messages.ts";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import { ASKED_ACTIONS, isOfTypes } from "./access/scope-actions.ts";
import { KEYED_ACTIONS } from "./api/keyed-actions.ts";

const ROOT = join(import.meta.dirname, "..");
const services = [...new Set([...SYSTEMS.provider, ...WHEN_CLOSED])];

describe("each service of the hospital", () => {
  it("has a name and a description of its data in each language of the pages", () => {
    const lacking = LANGUAGES.flatMap((language) =>
      services.flatMap((service) =>
        [`service.${service}`, `service.${service}.knows`].filter((key) => !messagesOf(language)[key]).map((key) => [language, key]),
      ),
    );
    expect(lacking).toEqual([]);
  });

  it("has only actions that are tried for an app without their types, or that show no resource", async () => {
    const published: string[] = [];
    for (const service of services) {
      const { default: given } = (await import(join(ROOT, `services/${service}/${service}.service.ts`))) as {
        default: ServiceSchema | ((config: object) => ServiceSchema);
      };
      const { actions = {} } = typeof given === "function" ? given(readConfig({})) : given;
      for (const [action, { rest, deprecated }] of Object.entries(actions) as [string, { rest?: string; deprecated?: string }][]) {
        if (rest !== undefined && deprecated === undefined) published.push(`${service}.${action}`);
      }
    }
    expect(published.length).toBeGreaterThan(100);
    expect(published.filter((name) => isOfTypes(name) && !(name in KEYED_ACTIONS) && !(name in ASKED_ACTIONS))).toEqual([]);
  });
});
