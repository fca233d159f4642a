// Bytes on their way to the host: as buffers of their own, in pieces that fit a message.
export const PIECE = 256 * 1024; // the most bytes of a message; a body that is larger goes in several

// The bytes that a view shows, and nothing else of what it looks at. A Buffer's own slice would share it all.
export const bufferOf = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice().buffer);

export function* piecesOf(bytes) {
  for (let at = 0; at < bytes.byteLength; at += PIECE) yield bufferOf(new Uint8Array(bytes.buffer, bytes.byteOffset + at, Math.min(PIECE, bytes.byteLength - at)));
}
