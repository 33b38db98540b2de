// The Worker's way in: starts the wasm and hands it every call.
// A Rust panic leaves an instance that never answers again, so what waits on it fails at once
// and the next call starts a fresh one. Nothing is lost: all state is in SQL and on the sockets.
import { DurableObject } from "cloudflare:workers";
import wasm from "./hushclip_relay_worker_bg.wasm";
import * as rust from "./hushclip_relay_worker.js";

let generation = 0;
let broken = false;
/** @type {Set<(error: unknown) => void>} */
const waiting = new Set();

rust.initSync({ module: wasm });
// The panic hook of the `worker` crate sets this flag, in the middle of the call that panicked.
Object.defineProperty(globalThis.__worker_init_state, "criticalError", {
  get: () => broken,
  set: (critical) => {
    if (critical) fail(new Error("the relay had an internal error"));
  },
});
// Traps without a panic (out of memory, stack overflow) in a resumed future surface here only.
addEventListener("error", (event) => failIfTrap(event.error));

/** @param {unknown} error */
function failIfTrap(error) {
  if (error instanceof WebAssembly.RuntimeError) fail(error);
}

/** @param {unknown} error */
function fail(error) {
  broken = true;
  for (const reject of waiting) reject(error);
  waiting.clear();
}

/**
 * Calls into Rust. If it answers with a promise, that rejects when the instance breaks before.
 * @param {() => any} call
 */
function guarded(call) {
  if (broken) {
    rust.__wbg_reset_state();
    generation += 1;
    broken = false;
  }
  let answer;
  try {
    answer = call();
  } catch (error) {
    failIfTrap(error);
    throw error;
  }
  // A message is mostly done by now, and waiting for it would cost as much again.
  if (!(answer instanceof Promise)) return answer;
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    answer
      .then(resolve, (error) => {
        failIfTrap(error);
        reject(error);
      })
      .finally(() => waiting.delete(reject));
  });
}

/** @type {import("cloudflare:workers").Worker} */
export default {
  fetch: (request, env, ctx) => guarded(() => rust.fetch(request, env, ctx)),
};

/** An object whose brain is in Rust. */
class Shell extends DurableObject {
  /** @type {import("./hushclip_relay_worker.js").Brain} */
  static brain;
  /** @type {any} */
  #rust;
  #generation = -1;

  /**
   * @param {string} method
   * @param {unknown[]} args
   */
  call(method, ...args) {
    return guarded(() => {
      if (this.#generation !== generation) {
        this.#rust = new rust[/** @type {typeof Shell} */ (this.constructor).brain](this.ctx, this.env);
        this.#generation = generation;
      }
      return this.#rust[method](...args);
    });
  }

  /** @param {Request} request */
  fetch(request) {
    return this.call("fetch", request);
  }
  alarm() {
    return this.call("alarm");
  }
}

export class PushKey extends Shell {
  static brain = /** @type {const} */ ("PushKey");
}

export class Nameplate extends Shell {
  static brain = /** @type {const} */ ("Nameplate");
}

export class Mailbox extends Shell {
  static brain = /** @type {const} */ ("Mailbox");

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} message
   */
  webSocketMessage(socket, message) {
    const failed = (/** @type {unknown} */ error) => {
      // Whoever sent this waits for an answer: let it come back rather than wait.
      socket.close(1011, "internal error");
      throw error;
    };
    try {
      return this.call("webSocketMessage", socket, message)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @param {boolean} wasClean
   */
  webSocketClose(socket, code, reason, wasClean) {
    return this.call("webSocketClose", socket, code, reason, wasClean);
  }
  /**
   * @param {WebSocket} socket
   * @param {unknown} error
   */
  webSocketError(socket, error) {
    return this.call("webSocketError", socket, error);
  }
}
