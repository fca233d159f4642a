// console.email. The other half is host_api/capabilities/mail.py.
import { install } from "./born.js";
import { show } from "./console.js";
import { isElement } from "./jsx.js";

const SEND = 1;

// {html, text, subject, replyTo}, or any value: an element is its HTML, an object without html or text goes as formatted JSON
function letter(content, subject) {
  if (isElement(content)) return { html: content, subject };
  if (content !== null && typeof content === "object" && !Error.isError?.(content) && (content.html !== undefined || content.text !== undefined)) {
    return { text: content.text, html: content.html, subject: subject ?? content.subject, replyTo: content.replyTo };
  }
  return { text: text(content), subject };
}

function text(content) {
  if (typeof content === "string") return content;
  if (Error.isError?.(content)) return show(content);
  try {
    return JSON.stringify(content, null, 2) ?? String(content);
  } catch {
    return show(content);
  }
}

const optional = (value) => (value === undefined || value === null ? undefined : String(value));

export function installMail(host, global) {
  install(global.console, {
    email(content, subject) {
      const it = letter(content, subject);
      host.call("mail", SEND, optional(it.subject), optional(it.text), optional(it.html), optional(it.replyTo));
    },
  });
}
