/** A process in which an error is thrown and another one rejected, which nobody catches, and that ends by itself. */
import process from "node:process";
import { onUncaught } from "../../services/host/uncaught.ts";

if (process.argv[2] === "caught") onUncaught((error) => console.log(String(error)));
setTimeout(() => {
  setTimeout(() => {
    setTimeout(() => console.log("lives"));
    void Promise.reject(new RangeError("rejected"));
  });
  throw new TypeError("thrown");
});
