import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 404: there is no such order. */
export const orderNotFound = (order: string) => new MoleculerClientError("No lab order has this id.", 404, "ORDER_NOT_FOUND", { order });

/** 409: an order gets one result. */
export const orderNotActive = (order: string) =>
  new MoleculerClientError("The order is not active any more: it has its result, or was revoked.", 409, "ORDER_NOT_ACTIVE", { order });

/** 409: a concurrent write came first; the same call may succeed. */
export const orderChanged = (order: string) =>
  new MoleculerClientError("Somebody changed the order meanwhile: read it and try again.", 409, "ORDER_CHANGED", { order });

/** 404: there is no such result. */
export const resultNotFound = (observation: string) =>
  new MoleculerClientError("No result of the laboratory has this id.", 404, "RESULT_NOT_FOUND", { observation });

/** 409: only a final result can be corrected. */
export const resultNotFinal = (observation: string) =>
  new MoleculerClientError("The result is not final, or was cancelled: enter it, do not correct it.", 409, "RESULT_NOT_FINAL", {
    observation,
  });

/** 409: a concurrent write came first; the same call may succeed. */
export const resultChanged = (observation: string) =>
  new MoleculerClientError("Somebody changed the result or its report meanwhile: read it and try again.", 409, "RESULT_CHANGED", {
    observation,
  });

/** 404: the catalogue has no such test or panel. */
export const testUnknown = (code: string) =>
  new MoleculerClientError("The catalogue has no test or panel with this code: see lab.listCatalogue.", 404, "TEST_UNKNOWN", { code });

/** 409: the value is of a test that was not ordered. */
export const notOrdered = (order: string) =>
  new MoleculerClientError(
    "The order is for another test, or for one that the catalogue does not have: enter values of its own tests, or the result by lab.enterResult.",
    409,
    "NOT_ORDERED",
    { order },
  );

/** 409: the value is not in the unit of the catalogue. */
export const unitDiffers = (order: string) =>
  new MoleculerClientError("The value is in another unit than the catalogue has: convert it.", 409, "UNIT_DIFFERS", { order });

/** 422: the number in a text is ambiguous. @param field the parameter with the text */
export const numberUnclear = (field: string) =>
  new MoleculerClientError(
    "This cannot be read as one number: write digits with at most one decimal point and no thousands separator (1250, or 1.25), for a bound after <, <=, > or >=.",
    422,
    "NUMBER_UNCLEAR",
    { fields: [{ field }] },
  );

/** 422: a number as free text cannot be found or compared. @param field the parameter that needs the unit */
export const numberInWords = (field: string) =>
  new MoleculerClientError("Give a number as `value` with its `unit` (UCUM; 1 if it has none), not as a text.", 422, "NUMBER_IN_WORDS", {
    fields: [{ field }],
  });

/** 409: only entered values can be released. */
export const nothingEntered = (order: string) =>
  new MoleculerClientError("Nothing was entered for this order yet: enter its values first (lab.enter).", 409, "NOTHING_ENTERED", {
    order,
  });

/** 409: a part of the panel has no value. `data.codes` names it. */
export const resultsMissing = (order: string, codes: string[]) =>
  new MoleculerClientError(
    "Some tests of the order have no value: enter them, or say in `missingReason` why not.",
    409,
    "RESULTS_MISSING",
    {
      order,
      codes,
    },
  );

/** 409: others have changed the test's name. */
export const nameChanged = (code: string) =>
  new MoleculerClientError("Somebody else has named this test at the same moment: look at it, and name it again.", 409, "NAME_CHANGED", {
    code,
  });

/** 409: it is not a critical value that waits to be acknowledged. */
export const notCritical = (observation: string) =>
  new MoleculerClientError(
    "This is no critical value, or somebody has acknowledged it already: list those that wait (lab.listCritical).",
    409,
    "NOT_CRITICAL",
    { observation },
  );

/** 409: a specimen is of one patient. */
export const ordersDiffer = () =>
  new MoleculerClientError("The orders are not all of one patient: collect a specimen for each patient.", 409, "ORDERS_DIFFER");

/** 404: there is no such specimen. */
export const specimenNotFound = (specimen: string) =>
  new MoleculerClientError("No specimen has this id.", 404, "SPECIMEN_NOT_FOUND", { specimen });

/** 409: a specimen can be rejected once. */
export const specimenOver = (specimen: string) =>
  new MoleculerClientError("The specimen was rejected already: collect another one (lab.collect).", 409, "SPECIMEN_OVER", { specimen });

/** Error type of the unique key of accession numbers. */
export const ACCESSION_TAKEN = "ACCESSION_TAKEN";
