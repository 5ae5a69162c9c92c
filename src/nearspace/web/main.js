/** The page: one app that fills the window and keeps its state in the address. */
import { mount } from "./app.js";

mount(document.getElementById("nearspace"), { address: window });
