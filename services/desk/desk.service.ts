import type { Service, ServiceSchema } from "moleculer";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { type desk, Packing } from "./desk.contract.ts";
import { PageFiles } from "./files/page-files.ts";

interface Own {
  files: PageFiles;
}

/** The pages. They ask for everything as any app does, by the gateway; this service hands them out and knows nothing of patients. */
export default (config: Config): ServiceSchema =>
  defineService<typeof desk, Service & Own>({
    name: "desk",

    actions: {
      file: {
        whoMay: "anyone", // programs and texts, the same for everybody
        params: {
          path: { type: "string", min: 1, max: 200 },
          packing: { type: "enum", values: Object.values(Packing) },
          $$strict: true,
        },
        handler(ctx) {
          return this.files.get(ctx.params.path, ctx.params.packing);
        },
      },
    },

    created() {
      this.files = new PageFiles(config);
    },
  });
