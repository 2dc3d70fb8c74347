#ifndef SERVICES_MATCHING_PERSON_NAME_H_
#define SERVICES_MATCHING_PERSON_NAME_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Names of persons, read so that two spellings of one name can be told from two names. Pure.
namespace critac::matching {

// A name in parts. Letters are lower case and without accents; apostrophes and periods are gone.
struct PersonName {
  // Given names in their order; a single letter is an initial.
  std::vector<std::string> given;
  // Words of the family name; those of `Smith-Jones` are two. Particles are joined to the word
  // after them: `de la Cruz` is `delacruz`.
  std::vector<std::string> family;
  // 1 for Sr., 2 for Jr. or II, 3 for III, 4 for IV. 0: not said.
  int generation = 0;
};

// Reads `Ana M. Ortiz`, `Ortiz, Ana M.`, `Lt. Robert Smith-Jones, Jr.`. Titles before a name,
// degrees after it, and what stands in parentheses or double quotes are left out. Without a comma
// the last word is the family name, with the words it is hyphenated to. Scripts other than Latin
// stay as they are. Empty parts where there is nothing to read.
PersonName ReadPersonName(absl::string_view text);

enum class NameMatch {
  // Two names.
  kNone,
  // They may be one: an initial for a given name, a middle name or `Jr.` that one of them has not,
  // one half of a double family name, a short form of a given name.
  kVariant,
  // The same words, whatever their order, case, accents and hyphens.
  kSame,
};

// Compares two names. Names with fewer than two words are compared with none. Different
// generations are two names, however alike the rest is: `John Smith, Jr.` is not `John Smith III`.
NameMatch CompareNames(const PersonName& a, const PersonName& b);

// Whether two given names, as PersonName has them, can be one: equal, one the initial of the other,
// one a short form of the other, or both of a third. Short forms are those of a table, so `al` goes
// with `albert` and with `alan`, which do not go with each other.
bool GivenNamesAgree(absl::string_view a, absl::string_view b);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PERSON_NAME_H_
