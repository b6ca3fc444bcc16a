import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";
import { personnelTypes } from "./personnel.contract.ts";

export default defineService({
  name: "personnel",
  mixins: [Fhir({ owns: [...personnelTypes] })],
  actions: {},
});
