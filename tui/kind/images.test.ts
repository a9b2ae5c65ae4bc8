import { expect, test } from "bun:test";
import { wholeName } from "./images.ts";

test.each([
  ["redis:8", "docker.io/library/redis:8"],
  ["oddessentials/odto-gateway:local-1", "docker.io/oddessentials/odto-gateway:local-1"],
  ["docker.io/library/redis:8", "docker.io/library/redis:8"],
  ["localhost:5000/mine:1", "localhost:5000/mine:1"],
])("the image %s has the full name %s", (image, whole) => expect(wholeName(image)).toBe(whole));
