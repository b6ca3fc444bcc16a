/** A field that finds patients by name, number, phone or a scanned label: a combobox (ARIA Authoring Practices). */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { sentenceOf } from "../platform/errors.ts";
import { isScanned } from "../platform/names.ts";
import { findPatients } from "../platform/patients.ts";
import { t } from "../platform/texts.ts";
import { PersonLine } from "./person-line.ts";

/** Pause in typing after which it searches, milliseconds: a scanner types a label faster. */
const PAUSE_MS = 180;

interface SearchProps {
  id: string;
  label: string;
  onPick: (patient: Patient) => void;
  /** The label is for screen readers only. */
  isLabelHidden?: boolean;
  shortcut?: string;
  /** Records that were merged into another one are found, too. */
  withReplaced?: boolean;
}

export function PatientSearch({ id, label, onPick, isLabelHidden, shortcut, withReplaced }: SearchProps) {
  const [text, setText] = useState("");
  const [answer, setAnswer] = useState<{ wanted: string; patients: Patient[] } | undefined>();
  const found = answer?.patients;
  const [fault, setFault] = useState("");
  const [active, setActive] = useState(0);
  const asked = useRef(0);
  const isPicking = useRef(false);

  const pick = (patient: Patient | undefined) => {
    if (!patient) return;
    isPicking.current = false;
    setText("");
    setAnswer(undefined);
    onPick(patient);
  };
  useEffect(() => {
    const wanted = text.trim();
    asked.current += 1;
    const turn = asked.current;
    setFault("");
    if (wanted.length < 2) return setAnswer(undefined);
    const timer = setTimeout(() => {
      findPatients(wanted, withReplaced).then(
        (patients) => {
          if (turn !== asked.current) return;
          setActive(0);
          setAnswer({ wanted, patients });
          // Enter was pressed before the answer came, as scanners do: the only match is picked.
          if (isPicking.current && patients.length === 1) pick(patients[0]);
        },
        (error: unknown) => {
          if (turn === asked.current) setFault(sentenceOf(error));
        },
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = (found?.length ?? 0) - 1;
    if (event.key === "Enter") {
      event.preventDefault();
      // What is shown may be the answer to the beginning of what is typed by now: the first of it may be another person.
      const isCurrent = answer?.wanted === text.trim();
      isPicking.current = !isCurrent;
      if (isCurrent) pick(found?.[active]);
    } else if (event.key === "Tab" && isScanned(text)) {
      isPicking.current = answer?.wanted !== text.trim(); // the focus goes on, as the scanner wants it
    } else if (event.key === "Escape") {
      setText("");
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive((now) => Math.min(last, Math.max(0, now + (event.key === "ArrowDown" ? 1 : -1))));
    }
  };
  const isOpen = found !== undefined;
  return html`<div class="search">
    <label for=${id} class=${isLabelHidden ? "visually-hidden" : ""}>${label}</label>
    <input id=${id} type="search" role="combobox" autocomplete="off" aria-autocomplete="list" aria-expanded=${isOpen} aria-controls=${`${id}-list`}
      aria-activedescendant=${isOpen && found.length > 0 ? `${id}-${active}` : undefined} placeholder=${t("search.hint")} value=${text}
      aria-keyshortcuts=${shortcut} onInput=${(event: { currentTarget: HTMLInputElement }) => {
        isPicking.current = false;
        setText(event.currentTarget.value);
      }} onKeyDown=${onKeyDown} onBlur=${() => setAnswer(undefined)} />
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    <ul id=${`${id}-list`} role="listbox" aria-label=${label} hidden=${!isOpen || found.length === 0}>
      ${found?.map(
        (patient, index) => html`<li key=${patient.id} id=${`${id}-${index}`} role="option" aria-selected=${index === active}
          onMouseDown=${(event: Event) => event.preventDefault()} onClick=${() => pick(patient)}><${PersonLine} patient=${patient} /></li>`,
      )}
    </ul>
    ${isOpen && found.length === 0 && html`<p class="none" role="status">${t("search.nobody")}</p>`}
  </div>`;
}
