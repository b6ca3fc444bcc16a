import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 404: there is no such practitioner. */
export const practitionerNotFound = (practitioner: string) =>
  new MoleculerClientError("No practitioner has this id.", 404, "PRACTITIONER_NOT_FOUND", { practitioner });

/** 409: a concurrent write came first; read the practitioner again. */
export const practitionerChanged = (practitioner: string) =>
  new MoleculerClientError(
    "Somebody changed the practitioner or a role of it meanwhile: read them and try again.",
    409,
    "PRACTITIONER_CHANGED",
    {
      practitioner,
    },
  );
