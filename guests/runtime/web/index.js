// The web's classes, as globals.
import "./legacy.js";
import { Buffer } from "buffer";
import { install } from "../born.js";
import { AbortController, AbortSignal } from "./abort.js";
import { Blob, File } from "./blob.js";
import { structuredClone } from "./clone.js";
import { installCrossing } from "./crossing.js";
import { give } from "./engine.js";
import { CustomEvent, Event } from "./event.js";
import { FormData } from "./form.js";
import { Headers } from "./headers.js";
import { needs } from "./idl.js";
import { URLSearchParams } from "./params.js";
import { Performance, performance } from "./performance.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { classes } from "./streams.js";
import { EventTarget, report } from "./target.js";
import { TextDecoder, TextEncoder } from "./text.js";
import { TextDecoderStream, TextEncoderStream } from "./text-streams.js";
import { URL } from "./url.js";

Object.defineProperty(Buffer, "name", { value: "Buffer", configurable: true }); // the bundler may have called it otherwise

const NAVIGATOR = {
  get userAgent() {
    return "Valgate";
  },
};

const { reportError } = {
  reportError(error) {
    needs(1, arguments.length, "reportError");
    report(error);
  },
};

export function installWeb(host, global) {
  give(host.glue);
  installCrossing();
  install(global, classes);
  install(global, { AbortController, AbortSignal, Blob, Buffer, CustomEvent, Event, EventTarget, File, FormData, Headers, Performance, Request, Response });
  install(global, { TextDecoder, TextDecoderStream, TextEncoder, TextEncoderStream, URL, URLSearchParams });
  install(global, { navigator: NAVIGATOR, performance, reportError, self: global, structuredClone });
}
