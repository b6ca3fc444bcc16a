import type { Service, ServiceSchema } from "moleculer";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { type desk, Packing } from "./desk.contract.ts";
import { PageFiles } from "./files/page-files.ts";

interface Own {
  files: PageFiles;
}

/** Serves the pages. They call the gateway like any other app; this service only provides the files and has no patient data. */
export default (config: Config): ServiceSchema =>
  defineService<typeof desk, Service & Own>({
    name: "desk",

    actions: {
      file: {
        whoMay: "anyone", // programs and texts, the same for all
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
