/** A form that is sent once, and shows refusals beside the field concerned, which gets the focus. */
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Children, html } from "../html.ts";
import { Refused } from "../platform/api.ts";
import { dropDraft, FormName } from "../platform/drafts.ts";
import { sentenceOf } from "../platform/errors.ts";
import { goToSignIn, hasEnded } from "../platform/sign-in.ts";
import { t } from "../platform/texts.ts";

type Control = HTMLInputElement;

/** Sets validation messages in the page's language instead of the browser's. */
function onInvalid({ target }: Event): void {
  const control = target as Control;
  const folded = control.closest("details");
  if (folded) folded.open = true; // browsers do not send the form, and do not go to a field that is not shown
  const { valueMissing, rangeUnderflow, rangeOverflow } = control.validity;
  if (valueMissing) control.setCustomValidity(t("field.missing"));
  else if (rangeUnderflow) control.setCustomValidity(t("field.least", { n: control.min }));
  else if (rangeOverflow) control.setCustomValidity(t("field.most", { n: control.max }));
  else if (!control.validity.customError) control.setCustomValidity(t("field.bad"));
}

/** Clears the message of a field when it is changed. */
const onInput = ({ target }: Event): void => (target as Control).setCustomValidity?.("");

/** Blanks only, where something is required: for a browser the field is filled in. */
const isBlank = ({ required, value }: Control): boolean => required && value !== "" && value.trim() === "";

/**
 * Sets the messages before sending: those of errors that fields report themselves, and of required fields with blanks only. All others are cleared: what
 * was required before may not be any more.
 */
function check(form: HTMLFormElement): void {
  for (const control of form.elements as Iterable<Element> as Iterable<Control>) {
    control.setCustomValidity?.(control.dataset["fault"] || (isBlank(control) ? t("field.missing") : ""));
  }
}

/** What `send` returns if there is something to be looked at first, as what others have changed: what was typed is kept. */
export const NOT_YET = Symbol("not sent yet");

interface FormProps {
  /** @throws the refusal */
  send: () => Promise<unknown>;
  submit: string;
  /** @param faultOf returns the error of a field */
  children: (faultOf: (field: string) => string | undefined) => Children;
  /** Fields by the type of a refusal that concerns them: its message is shown beside the field. */
  fieldOf?: Record<string, string>;
  onCancel?: () => void;
  /** Name under which `useKept` keeps its values, which are discarded when it is sent or cancelled. */
  draft?: string;
  /** In one row, for forms beside other content. */
  isInline?: boolean;
  label?: string;
}

/** What no field shows. It is rendered after all fields, also after those within components. */
const Unsaid = ({ error, isSaid }: { error: unknown; isSaid: () => boolean }) =>
  error !== undefined && !isSaid() && html`<p class="fault" role="alert">${sentenceOf(error)}</p>`;

export function Form({ send, submit, children, fieldOf = {}, onCancel, draft, label, isInline }: FormProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const form = useRef<HTMLFormElement>(null);
  const outer = useContext(FormName);
  // Before painting: who reads the error and types already is not interrupted.
  useLayoutEffect(() => {
    if (error === undefined) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (wrong) wrong.focus();
    else form.current?.querySelector(".fault")?.scrollIntoView({ block: "nearest" });
  }, [error]);
  const wrong = error instanceof Refused ? [...error.fields, ...(fieldOf[error.type] ? [fieldOf[error.type] as string] : [])] : [];
  let isSaid = false;
  const faultOf = (field: string) => {
    if (!wrong.includes(field)) return undefined;
    isSaid = true;
    return sentenceOf(error);
  };
  useEffect(() => {
    if (isBusy && hasEnded.value) void goToSignIn(); // to be sent again after signing in
  }, [isBusy, hasEnded.value]);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(undefined);
    try {
      const isSent = (await send()) !== NOT_YET;
      if (isSent && draft !== undefined) dropDraft(draft);
    } catch (refusal) {
      setError(refusal);
      if (!(refusal instanceof Refused)) console.error(refusal);
    }
    setBusy(false);
  };
  const cancel = () => {
    if (draft !== undefined) dropDraft(draft);
    onCancel?.();
  };
  /** Enter in a field also triggers a click on the submit button. */
  const onClick = ({ currentTarget, target }: Event) => {
    if ((target as HTMLElement).closest('[type="submit"]')) check(currentTarget as HTMLFormElement);
  };
  /** In a multi-line field Enter starts a new line; Ctrl+Enter submits. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    check(event.currentTarget as HTMLFormElement);
    (event.currentTarget as HTMLFormElement).requestSubmit();
  };
  const fields = children(faultOf);
  return html`<${FormName.Provider} value=${draft ?? outer}><form ref=${form} onSubmit=${onSubmit} onInvalidCapture=${onInvalid} onInputCapture=${onInput} onClickCapture=${onClick} onKeyDown=${onKeyDown} aria-label=${label} aria-busy=${isBusy} class=${isInline ? "inline" : ""}>
    ${fields}
    <${Unsaid} error=${error} isSaid=${() => isSaid} />
    <div class="buttons">
      <button type="submit" class=${isInline ? "" : "main"} aria-disabled=${isBusy}>${isBusy ? t("working") : submit}</button>
      ${onCancel && html`<button type="button" onClick=${cancel}>${t("cancel")}</button>`}
    </div>
  </form><//>`;
}
