/** Accounts: created for a practitioner, with a link that sets the password; given roles, signed out, closed. */
import { useState } from "preact/hooks";
import type { identity as identityContract, PasswordLink, RoleName, User } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { sayFault } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { t } from "../../platform/texts.ts";
import { ChangeAccount, rolesText } from "./change-account.ts";
import { becomePractitioner, NEW, PractitionerChoice } from "./practitioner-choice.ts";
import { RoleChoice } from "./role-choice.ts";
import { useKept, useKeptChoices } from "../../platform/drafts.ts";

const identity = actionsOf<typeof identityContract>("identity");

export function Accounts() {
  const users = useLoad("users", () => identity.listUsers({}));
  const [open, setOpen] = useState<User | "new" | undefined>();
  const [link, setLink] = useState<PasswordLink | undefined>();
  const close = () => setOpen(undefined);
  const row = (user: User) => html`<tr key=${user.id}><th scope="row"><bdi>${user.login}</bdi></th><td><bdi>${user.name}</bdi></td>
    <td>${rolesText(user.roles)}</td><td>${tagsOf(user)}</td>
    <td>${!user.closedAt && html`<button type="button" class="quiet" onClick=${() => setOpen(user)}>${t("change")}<${For} who=${user.login} /></button>`}</td></tr>`;
  const show = (all: User[]) =>
    html`<${Wide} label=${t("accounts")}><table class="stacked of-figures"><thead><tr><th scope="col">${t("account.login")}</th><th scope="col">${t("person.name")}</th><th scope="col">${t("roles")}</th><td></td><td></td></tr></thead><tbody>${all.map(row)}</tbody></table><//>`;
  const actions = html`<button type="button" onClick=${() => setOpen("new")}>${t("account.new")}</button>`;
  return html`<${Panel} title=${t("accounts")} loaded=${users} show=${show} actions=${actions} />
    ${open === "new" && html`<${New} onClose=${close} onLink=${setLink} onDone=${users.reload} />`}
    ${typeof open === "object" && html`<${ChangeAccount} user=${open} onClose=${close} onLink=${setLink} onDone=${users.reload} />`}
    ${link && html`<${Dialog} title=${t("account.link")} onClose=${() => setLink(undefined)}><p>${t("account.link.text", { until: momentOf(link.validUntil) })}</p><p><code dir="ltr" class="link">${link.link}</code></p><//>`}`;
}

function tagsOf({ closedAt, hasTotp, practitioner }: User) {
  if (closedAt) return html`<span class="tag">${t("bed.closed")}</span>`;
  return html`${hasTotp && html`<span class="tag good">${t("account.totp")}</span> `}${!practitioner && html`<span class="tag warn">${t("account.nobody")}</span>`}`;
}

interface EditProps {
  onClose: () => void;
  /** Receives the password link, which is shown once. */
  onLink: (link: PasswordLink) => void;
  onDone: () => void;
}

function New({ onClose, onLink, onDone }: EditProps) {
  const kept = `new account`;
  const [login, setLogin] = useKept(kept, "login");
  const [name, setName] = useKept(kept, "name");
  const [roles, setRoles] = useKeptChoices<RoleName>(kept, "roles");
  const [practitioner, setPractitioner] = useKept(kept, "practitioner", NEW);
  const send = async () => {
    const picked = practitioner === NEW ? {} : { practitioner };
    const { user, link } = await identity.createUser({ login, name, roles, ...picked });
    // The account exists: its link is shown whatever follows, and the list shows whose practitioner is missing.
    if (practitioner === NEW) await becomePractitioner(user, NEW).catch(sayFault);
    onClose();
    if (link) onLink(link);
    onDone();
  };
  return html`<${Dialog} title=${t("account.new")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("account.make")} onCancel=${onClose} fieldOf=${{ LOGIN_TAKEN: "login", PRACTITIONER_TAKEN: "practitioner", PRACTITIONER_NOT_FOUND: "practitioner" }}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("account.login")} name="account-login" value=${login} onValue=${setLogin} required autofocus fault=${faultOf("login")} />
        <${Field} label=${t("person.name")} name="account-name" value=${name} onValue=${setName} required fault=${faultOf("name")} />
        <${PractitionerChoice} name=${name} value=${practitioner} onValue=${setPractitioner} fault=${faultOf("practitioner")} />
      </div><${RoleChoice} chosen=${roles} onChange=${setRoles} />`}
    <//>
  <//>`;
}
