// SPDX-License-Identifier: BSD-2-Clause
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include "cli/top/screen.h"

#include <curses.h>
#include <langinfo.h>

#include <clocale>
#include <cstdio>
#include <cstring>

namespace weir::cli {
namespace {

attr_t attributes_of(TopStyle style) {
  const auto colour = [](TopStyle of) { return COLOR_PAIR(static_cast<int>(of)); };
  switch (style) {
    case TopStyle::kPlain:
      return A_NORMAL;
    case TopStyle::kTitle:
    case TopStyle::kHead:
      return A_BOLD;
    case TopStyle::kSelected:
      return A_REVERSE;
    case TopStyle::kFaint:
      return A_DIM;
    case TopStyle::kGood:
    case TopStyle::kSlow:
    case TopStyle::kBad:
    case TopStyle::kBanned:
      return colour(style);
  }
  return A_NORMAL;
}

// Colours are those of the terminal's own theme, on its own background.
void start_colours() {
  if (!has_colors()) return;
  start_color();
  use_default_colors();
  const auto pair = [](TopStyle style, short colour) {
    init_pair(static_cast<short>(style), colour, -1);
  };
  pair(TopStyle::kGood, COLOR_GREEN);
  pair(TopStyle::kSlow, COLOR_YELLOW);
  pair(TopStyle::kBad, COLOR_RED);
  pair(TopStyle::kBanned, COLOR_MAGENTA);
}

int key_of(int key) {
  switch (key) {
    case KEY_UP:
      return kKeyUp;
    case KEY_DOWN:
      return kKeyDown;
    case KEY_PPAGE:
      return kKeyPageUp;
    case KEY_NPAGE:
      return kKeyPageDown;
    case KEY_ENTER:
    case '\r':
    case '\n':
      return kKeyEnter;
    case KEY_BACKSPACE:
    case 0x7f:
    case '\b':
      return kKeyBackspace;
    case 0x1b:
      return kKeyEscape;
    default:
      return key;
  }
}

}  // namespace

std::unique_ptr<Screen> Screen::open() {
  // How characters are encoded, and nothing else: numbers stay as they are.
  std::setlocale(LC_CTYPE, "");
  SCREEN* terminal = newterm(nullptr, stdout, stdin);
  if (terminal == nullptr) return nullptr;
  std::unique_ptr<Screen> screen(new Screen(terminal));
  set_term(terminal);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  set_escdelay(50);
  curs_set(0);
  start_colours();
  return screen;
}

Screen::~Screen() {
  endwin();
  delscreen(static_cast<SCREEN*>(terminal_));
}

TopSize Screen::size() const {
  return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr)),
          std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

void Screen::draw(const std::vector<TopLine>& lines) {
  werase(stdscr);
  for (std::size_t row = 0; row < lines.size(); row++) {
    wmove(stdscr, static_cast<int>(row), 0);
    for (const TopSpan& span : lines[row]) {
      wattrset(stdscr, static_cast<int>(attributes_of(span.style)));
      waddnstr(stdscr, span.text.data(), static_cast<int>(span.text.size()));
    }
  }
  wattrset(stdscr, A_NORMAL);
  wrefresh(stdscr);
}

std::optional<int> Screen::wait(int milliseconds) {
  wtimeout(stdscr, milliseconds);
  const int key = wgetch(stdscr);
  if (key == ERR || key == KEY_RESIZE) return std::nullopt;
  return key_of(key);
}

}  // namespace weir::cli
