// SPDX-License-Identifier: BSD-2-Clause
// Numbers as in Germany, 1.000.000,5, for as long as one lives: machine-readable output must
// not change. Needs no installed locale.
#pragma once

#include <locale>
#include <string>

namespace weir {

class GermanLocale {
 public:
  GermanLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new Numbers))) {}
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;
  ~GermanLocale() { std::locale::global(before_); }

 private:
  struct Numbers : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::locale before_;
};

}  // namespace weir
