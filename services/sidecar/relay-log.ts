/**
 * What the relay does, in the log.
 * @module
 */
import type { Ledger } from "../core/ledger.ts";
import type { Log } from "../host/log.ts";
import type { CutReport, ParkReport } from "./relay/contract.ts";

/** Dapr opens at most 1,024 connections to the app, for calls and probes too (`channels.go`: MaxConnsPerHost). */
const MANY_PARKED = 900;

export function sayParked(ledger: Ledger, log: Log) {
  let saidMany = false;
  return ({ class: cls, rule, path, why }: ParkReport): void => {
    if (rule === "guess") log.warn("parked a request whose class is a guess", { class: cls, path, why });
    else log.debug("parked", { class: cls, path, why });
    if (!saidMany && ledger.parked.delivery >= MANY_PARKED) {
      saidMany = true;
      log.warn("daprd opens at most 1024 connections, and most of them wait here: calls may soon wait too", {
        parked: ledger.parked.delivery,
      });
    }
  };
}

/** A delivery that the app did not survive. */
export function sayCut({ path, cut, fate }: CutReport, log: Log): void {
  const fields = { path, attempts: cut };
  if (fate === "again") log.info("the app did not survive a delivery: it is sent again", fields);
  else if (fate === "alone") log.info("the app did not survive a delivery: it is sent once more, alone", fields);
  else if (fate === "give-up") {
    log.warn("the app did not survive a delivery, and it is not sent again: Dapr's own policy decides", fields);
  } else {
    log.warn("the app did not survive a delivery that was too large to be held: it waits until daprd leaves", fields);
  }
}
