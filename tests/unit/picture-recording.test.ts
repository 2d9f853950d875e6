import { describe, expect, test } from "vitest";
import { readRecording, type Recording, writeRecording } from "../../scripts/lib/picture/recording.ts";

const recording: Recording = {
  version: 1,
  native: false,
  prefetch: 10,
  seed: 7,
  sides: {
    alone: [{ kind: "published", at: 0, message: "1" }, { kind: "delivered", at: 3, message: "1", pod: null }],
    daps: [
      { kind: "running", at: -5, pod: "p", container: "daps" },
      { kind: "phase", at: 2, pod: "p", phase: "serving" },
    ],
  },
};

describe("a recording", () => {
  test("is read as it was written", () => {
    expect(readRecording(writeRecording(recording))).toEqual(recording);
  });

  test("has an event a line", () => {
    expect(writeRecording(recording).split("\n").filter((line) => line.includes('"kind"'))).toHaveLength(4);
  });

  test.each([
    ["", "it is no JSON"],
    ["{}", "version"],
    [writeRecording(recording).replace('"phase":"serving"', '"phase":"sleeping"'), "sides.daps.1.phase"],
    [writeRecording(recording).replace('"at":3,', ""), "sides.alone.1.at"],
  ])("is refused with the place of what is wrong", (text, place) => {
    expect(() => readRecording(text)).toThrow(TypeError);
    expect(() => readRecording(text)).toThrow(place);
  });
});
