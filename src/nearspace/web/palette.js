/** Colours of points by theme, made once. */
import { categorical, sequential } from "./view/colors.js";

const both = (make) => ({ light: make("light"), dark: make("dark") });

export const CATEGORICAL = both(categorical);
export const SEQUENTIAL = both(sequential);
export const MISSING = { light: [186, 190, 198], dark: [84, 90, 102] };
