#include "services/cli/sample/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace critac::cli {
namespace {

constexpr const char* kBeginnings[] = {
    "Aldor", "Bramb",  "Calder", "Dorn",   "Elsk",   "Fenn",   "Gallow", "Hesper", "Ister",
    "Jorn",  "Kestr",  "Lorrin", "Marrow", "Nether", "Oskar",  "Pellar", "Quill",  "Rosk",
    "Sabel", "Tamber", "Umber",  "Varn",   "Wester", "Yarrow", "Zander"};

constexpr const char* kEndings[] = {"wick",    "mere",   "holt",   "stead", "vale", "crag",
                                    "fell",    "moor",   "garth",  "combe", "shaw", "reach",
                                    "thwaite", "barrow", "strand", "hollow"};

constexpr const char* kFirstNames[] = {
    "Amara", "Anders",  "Beatriz", "Calvin",  "Chidi",  "Daniela", "Darnell", "Elena",   "Emeka",
    "Farah", "Grace",   "Hana",    "Hector",  "Imani",  "Isaac",   "Joanna",  "Kai",     "Keisha",
    "Lamar", "Leilani", "Lourdes", "Malik",   "Marta",  "Mei",     "Nadia",   "Nathan",  "Nia",
    "Omar",  "Paloma",  "Priya",   "Quentin", "Rafael", "Rosa",    "Ruth",    "Samir",   "Sana",
    "Silas", "Tamika",  "Tomás",   "Uma",     "Victor", "Wren",    "Xavier",  "Yolanda", "Zora"};

constexpr const char* kLastNames[] = {
    "Abernathy",  "Adeyemi",    "Alvarado",  "Barlow",    "Beaulieu",  "Begaye",   "Castellanos",
    "Chaudhry",   "Coombs",     "Dawkins",   "Delacroix", "Duong",     "Eastman",  "Fairweather",
    "Fuentes",    "Gallagher",  "Guerrero",  "Hallstrom", "Hashimoto", "Ibarra",   "Iyer",
    "Jimerson",   "Kahale",     "Kowalczyk", "Lindqvist", "Maddox",    "Mbeki",    "Montoya",
    "Núñez",      "Nakai",      "Oyelaran",  "Park",      "Pettigrew", "Quintana", "Rahman",
    "Redfern",    "Sandoval",   "Soto",      "Tillman",   "Trujillo",  "Ulrich",   "Vandermeer",
    "Villanueva", "Whitehorse", "Winslow",   "Yazzie",    "Zielinski"};

}  // namespace

std::vector<std::string> InventedPlaces(Dice& dice) {
  std::vector<std::string> places;
  for (const char* beginning : kBeginnings) {
    for (const char* ending : kEndings) places.push_back(absl::StrCat(beginning, ending));
  }
  dice.Shuffle(places);
  return places;
}

std::string Person::Handle() const {
  std::string handle;
  for (const char c : absl::StrCat(first, ".", last)) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalpha(byte) || c == '.') handle += absl::ascii_tolower(byte);
  }
  return handle;
}

Person InventedPerson(Dice& dice) {
  const char* first = dice.Pick(kFirstNames);
  return {first, dice.Pick(kLastNames)};
}

}  // namespace critac::cli
