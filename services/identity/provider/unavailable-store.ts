/** How apps learn that `identity` cannot read or store its data at the moment: a full disk, a database that does not answer. */
import type { Adapter, errors as Errors } from "oidc-provider";
import { StoreError, StoreErrorType } from "../../../store/store-error.ts";

/** Errors that pass without a change of the request. */
const PASSING = new Set<string>([StoreErrorType.full, StoreErrorType.unavailable]);

/**
 * Throws `temporarily_unavailable` (RFC 6749, 4.1.2.1) in place of such an error, as 503 where the answer is no redirect: the provider would answer
 * `server_error`, after which no app tries again. Other errors are thrown unchanged.
 */
export class UnavailableStore {
  readonly #errors: typeof Errors;
  readonly #failed: (error: Error) => void;

  /** @param failed called with the store's error, which says to the operator what to do */
  constructor(errors: typeof Errors, failed: (error: Error) => void) {
    this.#errors = errors;
    this.#failed = failed;
  }

  /** Throws what the app is to see of an error. */
  readonly tell = (error: unknown): never => {
    if (!(error instanceof StoreError) || !PASSING.has(error.type)) throw error;
    this.#failed(error);
    const sentence = "the data of the sign-in cannot be read or stored at the moment: try again later";
    throw Object.assign(new this.#errors.TemporarilyUnavailable(sentence), { status: 503, statusCode: 503 });
  };

  /** An adapter whose methods throw the same. */
  telling(adapter: Adapter): Adapter {
    return new Proxy(adapter, {
      get: (of, name) => {
        const method: unknown = Reflect.get(of, name);
        return typeof method === "function"
          ? (...given: unknown[]) => (method.apply(of, given) as Promise<unknown>).catch(this.tell)
          : method;
      },
    });
  }
}
