#ifndef SERVICES_CLI_SAMPLE_NAMES_H_
#define SERVICES_CLI_SAMPLE_NAMES_H_

#include <string>
#include <vector>

#include "services/cli/sample/dice.h"

namespace critac::cli {

// Invented places, each once: `Umberholt`, `Pellarmere`. There are 400.
std::vector<std::string> InventedPlaces(Dice& dice);

// An invented person.
struct Person {
  std::string first;
  std::string last;

  std::string full_name() const { return first + " " + last; }
  // `first.last`, lower case letters only.
  std::string Handle() const;
};
Person InventedPerson(Dice& dice);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_NAMES_H_
