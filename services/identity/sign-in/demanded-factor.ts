/** Whether a person must have a second factor: roles require it in their files, or as changed by administrators (`secondFactor`). */
import type { RoleBook } from "../roles-now/role-book.ts";
import type { StoredAccount } from "../identity.model.ts";

/** Whether accounts need a second factor, by their current roles. */
export class DemandedFactor {
  readonly #roles: Pick<RoleBook, "demandSecondFactor">;

  constructor(roles: Pick<RoleBook, "demandSecondFactor">) {
    this.#roles = roles;
  }

  /** Trial accounts need none. */
  async isFor({ roles, isForTrying }: Pick<StoredAccount, "roles" | "isForTrying">): Promise<boolean> {
    return isForTrying !== true && (await this.#roles.demandSecondFactor(roles));
  }

  /** Whether it is required and missing for a signed-in person. @param amr of the sign-in (RFC 8176) */
  async isMissing(account: Pick<StoredAccount, "roles" | "isForTrying">, amr: string[] | undefined): Promise<boolean> {
    return !amr?.includes(SECOND) && (await this.isFor(account));
  }
}

/** Value in `amr`: a code of an authenticator app, or a recovery code. */
export const SECOND = "otp";
