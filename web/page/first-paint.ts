import { followTheme } from "./theme.ts";

followTheme();
