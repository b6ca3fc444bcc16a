/**
 * Who has looked at what, and whether the record of it is whole: `npm run ledger -- check`, `npm run ledger -- looks --patient Patient/1`. It asks the
 * running system with TOKEN, or as the auditor among the trial accounts. Ends with 1 when the record is not whole.
 */
import { readConfig } from "../mesh/config.ts";
import { signIn } from "./identity/sign-in-by-pages.ts";
import { TRY_SCOPE, type TryAccount, tryAccounts } from "./identity/try-account.ts";
import { requireServer } from "./import/client.ts";
import { ledgerCommand } from "./ledger/command.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf } from "./start/startup-error.ts";

try {
  const config = readConfig();
  const base = gatewayUrl(config);
  const token = config.token ?? (await ownToken());
  const isWhole = await ledgerCommand(process.argv.slice(2), { base, token, say: (line) => console.log(line) });
  if (!isWhole) process.exitCode = 1;

  async function ownToken(): Promise<string> {
    await requireServer(base);
    const [{ login, password }] = (await tryAccounts(config, ["auditor"])) as [TryAccount];
    return (await signIn({ base, login, password, scope: TRY_SCOPE })).access_token;
  }
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}
