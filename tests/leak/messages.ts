/** What goes through the sidecar: requests of one size, so that whoever takes them only has to count. */

export const REQUEST_BYTES = 1280;

/** @param fields which class the request is of */
function request(path: string, fields: string): Buffer {
  const start = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nUser-Agent: Go-http-client/1.1\r\n${fields}\r\n`;
  const size = REQUEST_BYTES - start.length - "Content-Length: 1000\r\n\r\n".length;
  return Buffer.from(`${start}Content-Length: ${`${size}`.padStart(4, "0")}\r\n\r\n${"x".repeat(size)}`);
}

/** A message from a broker, as daprd delivers it. */
export const DELIVERY: Buffer = request("/orders", "Content-Type: application/cloudevents+json");
/** A call of another app. */
export const CALL: Buffer = request("/method", "Dapr-Caller-App-Id: a\r\nDapr-Callee-App-Id: b");
export const ANSWER: Buffer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"SUCCESS"}');
