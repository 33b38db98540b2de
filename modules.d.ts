// What scripts import that no source file is: what the build makes of Rust, and what lies elsewhere in `dist`.

declare module "*/hushclip_extension.js" {
  /** What the script does when something happens. */
  export interface Hooks {
    changed(): void;
    tell(message: string): void;
    answered(taken: boolean): void;
    writeClipboard(text: string, html: string | undefined, picked: boolean): void;
    clearClipboard(digest: string): void;
  }
  export interface Status {
    member: boolean;
    locked: boolean;
    waiting: boolean;
    paused: boolean;
    watch: boolean;
    held: number;
    unread: number;
    problem?: string;
    problemInWords?: string;
  }
  export interface Handle {
    readonly runs: boolean;
    readonly mostHtml: number;
    catches(sites?: string[]): boolean;
    localCopy(text: string, html: string | undefined, sure: boolean): void;
    copied(text: string, html: string | undefined, sure: boolean): void;
    is(text: string, digest: string): boolean;
    push(text: string, html?: string): void;
    pasted(): void;
    pause(paused: boolean): void;
    toggleSite(host: string, whole: boolean): boolean;
    hear(popup: number, message: string): Promise<string | undefined>;
    closed(popup: number): void;
    person(): void;
    online(): void;
    offline(): void;
    wake(): void;
    lock(): string;
    picture(popup: number): string | undefined;
    status(): Status;
  }
  export function start(hooks: Hooks): Promise<Handle>;
  export default function init(from: { module_or_path: string | URL }): Promise<unknown>;
}

declare module "*/hushclip_popup.js" {
  export default function init(from: { module_or_path: string | URL }): Promise<unknown>;
}

declare module "*/hushclip_web.js" {
  export function start(link: string | undefined, scanner: () => Promise<Function>, hear: (listener: (what: string | Event) => void) => void): void;
  export default function init(from?: { module_or_path: Promise<WebAssembly.Module> }): Promise<{ memory: WebAssembly.Memory }>;
}

declare module "*/hushclip_scan.js" {
  export function decode(pixels: Uint8Array, width: number, height: number): string | undefined;
  export default function init(from: { module_or_path: string }): Promise<unknown>;
}

/** Each browser has its own; the build takes one. */
declare module "*/platform/clipboard.js" {
  export interface Content {
    text: string;
    html?: string;
  }
  /** The text, and the formatted form, of which `html` characters are of use. */
  export function readClipboard(wanted?: { html?: number }): Promise<Content>;
  export function writeClipboard(content: Content): Promise<void>;
  export function keepAlive(): void;
}

declare module "*/shorten.js" {
  export const shorten: typeof import("./extension/static/shorten.js").shorten;
}

/** What the bare extension is told, by the measurement that makes it. */
declare module "*/settings.js" {
  export const COUNT: number;
  export const RELAY: string;
}

/** Browsers have them that the types do not know yet. */
declare var trustedTypes: { createPolicy(name: string, rules: Record<string, (text: string) => string | null>): void } | undefined;
declare var launchQueue: { setConsumer(consumer: (launch: { targetURL?: string }) => void): void } | undefined;

/** As much of Cloudflare's runtime as is used. */
declare module "cloudflare:workers" {
  export interface Cursor {
    one(): Record<string, any>;
    rowsRead: number;
    rowsWritten: number;
  }
  export interface State {
    storage: { sql: { exec(query: string, ...values: unknown[]): Cursor }; setAlarm(...args: unknown[]): Promise<void> };
    acceptWebSocket(socket: WebSocket): void;
    getWebSockets(): WebSocket[];
    setWebSocketAutoResponse(pair: WebSocketRequestResponsePair): void;
  }
  export class DurableObject {
    constructor(ctx: State, env: unknown);
    ctx: State;
    env: unknown;
  }
  export interface Worker {
    fetch(request: Request, env: any, ctx: unknown): Response | Promise<Response>;
  }
}
declare var __worker_init_state: object;
declare class WebSocketPair {
  0: WebSocket;
  1: WebSocket;
}
declare class WebSocketRequestResponsePair {
  constructor(request: string, response: string);
}

declare module "*/hushclip_relay_worker.js" {
  export type Brain = "PushKey" | "Nameplate" | "Mailbox";
  type Constructor = new (ctx: import("cloudflare:workers").State, env: unknown) => object;
  export const PushKey: Constructor;
  export const Nameplate: Constructor;
  export const Mailbox: Constructor;
  export function fetch(request: Request, env: unknown, ctx: unknown): Promise<Response>;
  export function initSync(from: { module: WebAssembly.Module }): void;
  export function __wbg_reset_state(): void;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

/** The relay as it is built. */
declare module "*/index.js" {
  import { DurableObject, Worker } from "cloudflare:workers";
  export class Mailbox extends DurableObject {
    fetch(request: Request): Response | Promise<Response>;
  }
  const relay: Worker;
  export default relay;
}

/** The wasm tests, as their runner binds them. */
declare module "*/tests.js" {
  export class WasmBindgenTestContext {
    constructor(isBench: boolean);
    run(tests: Function[]): Promise<boolean>;
  }
  export function initSync(from: { module: WebAssembly.Module }): Record<string, Function>;
}
