/** Administration: what runs where, who has an account, what roles may do, what went wrong. */
import { html } from "../html.ts";
import { Accounts } from "./administration/accounts.ts";
import { Anomalies } from "./administration/anomalies.ts";
import { DeadLetters } from "./administration/dead-letters.ts";
import { Roles } from "./administration/roles.ts";
import { Services } from "./administration/services.ts";
import { TestNames } from "./administration/test-names.ts";

export default function Administration() {
  return html`<div class="columns of-tables"><${Services} /><${Accounts} /></div><${Roles} /><${TestNames} /><${DeadLetters} /><${Anomalies} />`;
}
