// What the pages of the tests hold, by the names that their scripts use.

interface Document {
  getElementById(id: "sink"): HTMLTextAreaElement;
  getElementById(id: "field" | "password"): HTMLInputElement;
  getElementById(id: "form"): HTMLFormElement;
  /** Hardly anything else has the keyboard. */
  readonly activeElement: HTMLElement;
}
