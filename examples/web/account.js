// From sign-up to erasure: a mailed code sets the password, log-in, a forgotten password, the profile, and the end.

import {
  changePassword, confirmForgotPassword, confirmSignUp, deleteAccount, forgotPassword, getProfile, logIn,
  resendConfirmationCode, signUp,
} from "trading-journal-client";
import { call, config, endSession, session } from "./api.js";
import { $, ask, form, h, notify } from "./dom.js";
import { clock, words } from "./format.js";

const EMAIL = { name: "email", label: "E-mail address", type: "email", autocomplete: "username", required: true };
const CODE = {
  name: "code", label: "Code", inputmode: "numeric", autocomplete: "one-time-code", required: true,
  hint: "Six digits that were mailed to you. The terminal of make run shows them.",
};
const NEW_PASSWORD = {
  name: "password", label: "New password", type: "password", autocomplete: "new-password", required: true,
  hint: "At least 12 characters: lower and upper case, a digit and a symbol.",
};

export async function logInView() {
  const enter = form({
    fields: [EMAIL, { name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true }],
    submit: "Log in",
    send: enterWith,
    extra: config.demo && [h("button", { type: "button", onclick: () => enterWith(config.demo) }, "Use the demo login")],
  });
  return {
    title: "Log in",
    content: [card(enter, h("p", {}, h("a", { href: "#/sign-up" }, "Sign up"), " · ", h("a", { href: "#/forgot" }, "Forgot your password?")))],
  };
}

async function enterWith(body) {
  const { data } = await call(logIn, { body });
  await session.signIn(data);
  location.hash = "#/";
}

// Whoever can read the mail sets the password, so the first step asks for the address alone.
export async function signUpView() {
  const place = card(form({
    fields: [EMAIL],
    submit: "Mail me a code",
    send: async ({ email }) => {
      await call(signUp, { body: { email } });
      await askForCode(place, email, confirmSignUp, resendConfirmationCode);
    },
  }), h("p", {}, h("a", { href: "#/log-in" }, "I have an account")));
  return { title: "Sign up", content: [place] };
}

export async function forgotView() {
  const place = card(form({
    fields: [EMAIL],
    submit: "Mail me a code",
    send: async ({ email }) => {
      await call(forgotPassword, { body: { email } });
      await askForCode(place, email, confirmForgotPassword, forgotPassword);
    },
  }), h("p", {}, h("a", { href: "#/log-in" }, "Back to the log-in")));
  return { title: "A new password", content: [place] };
}

// The second step of both: the code and the password that is to be.
async function askForCode(place, email, confirm, again) {
  const resend = async () => {
    await call(again, { body: { email } });
    notify("If the address is right, another code is on its way.");
  };
  place.replaceChildren(
    h("p", {}, `A code was mailed to ${email}, if that address is right.`),
    form({
      fields: [owner(email), CODE, NEW_PASSWORD],
      submit: "Set the password",
      send: async (given) => {
        await call(confirm, { body: { email, ...given } });
        await enterWith({ email, password: given.password });
      },
      extra: [h("button", { type: "button", onclick: resend }, "Mail another code")],
    }),
  );
  $("[name=code]", place).focus();
}

export async function accountView() {
  const { data: profile } = await call(getProfile);
  const change = form({
    fields: [
      owner(profile.email),
      { name: "currentPassword", label: "Present password", type: "password", autocomplete: "current-password", required: true },
      { ...NEW_PASSWORD, name: "newPassword" },
    ],
    submit: "Change the password",
    send: async (body) => {
      await call(changePassword, { body });
      await endSession("The password is changed, and every session has ended. Please log in with the new one.");
    },
  });
  return {
    title: "Account",
    content: [
      card(h("h2", {}, "Profile"), h("dl", { class: "facts" },
        h("dt", {}, "E-mail address"), h("dd", {}, profile.email),
        h("dt", {}, "Since"), h("dd", {}, clock(profile.createdAt)),
        h("dt", {}, "Sign-in"), h("dd", {}, profile.signInMethods.map(words).join(", "))),
      h("p", {}, h("button", { onclick: () => endSession("You are logged out.") }, "Log out"))),
      card(h("h2", {}, "Password"), change),
      card(h("h2", {}, "Erasure"),
        h("p", {}, "Erases all trades, statistics and images, and then the account. Nothing can be brought back."),
        h("p", {}, h("button", { class: "danger", onclick: () => erase(profile.email) }, "Erase my account"))),
    ],
  };
}

async function erase(email) {
  const sure = await ask("Erase the account?", (close) => [
    h("p", {}, `All that ${email} has recorded is erased for good.`),
    h("p", { class: "actions" },
      h("button", { class: "danger", onclick: () => close(true) }, "Erase everything"),
      h("button", { onclick: () => close(false) }, "Keep it")),
  ]);
  if (!sure) return;
  await call(deleteAccount);
  await endSession("The account is being erased.");
}

// Not shown and not sent: it tells a password manager whose password the form is about.
const owner = (email) => h("input", { type: "email", autocomplete: "username", value: email, readonly: true, hidden: true });

export const card = (...children) => h("section", { class: "card" }, ...children);
