// How names are read and compared, as tables.

#include "services/matching/person_name.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

// `ana m|ortiz`, with the generation behind where it is said.
std::string Read(const std::string& text) {
  const PersonName name = ReadPersonName(text);
  return absl::StrCat(absl::StrJoin(name.given, " "), "|", absl::StrJoin(name.family, " "),
                      name.generation == 0 ? "" : absl::StrCat(" #", name.generation));
}

TEST(PersonName, IsReadWhicheverWayItIsWritten) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Ana Ortiz", "ana|ortiz"},
      {"ORTIZ, ANA M.", "ana m|ortiz"},
      {"  Ana\tM.  Ortiz ", "ana m|ortiz"},
      {"J.R. Smith", "j r|smith"},
      {"Ortiz,Ana", "ana|ortiz"},
      // accents, composed and combining; letters that are two
      {"José Núñez", "jose|nunez"},
      {"Jose\xCC\x81 Nun\xCC\x83"
       "ez",
       "jose|nunez"},
      {"Łukasz Müller-Groß", "lukasz|muller gross"},
      {"Åse Sørensen", "ase|sorensen"},
      {"Nguyễn Thị Ánh", "nguyen thi|anh"},
      {"Þór Ægirsson", "thor|aegirsson"},
      {"Ștefan Țepeș", "stefan|tepes"},
      // apostrophes of every kind are no letters
      {"Pat O'Brien", "pat|obrien"},
      {"Pat O’Brien", "pat|obrien"},
      {"Kalani Kaʻohu", "kalani|kaohu"},
      // hyphens tie a family name, and separate given names
      {"Robert Smith-Jones", "robert|smith jones"},
      {"Smith-Jones, Robert", "robert|smith jones"},
      {"Jean-Luc Moreau", "jean luc|moreau"},
      {"Robert Smith – Jones", "robert|smith jones"},
      // particles
      {"Maria de la Cruz", "maria|delacruz"},
      {"de la Cruz, Maria", "maria|delacruz"},
      {"Van Nguyen", "van|nguyen"},
      {"Ian Mc Donald", "ian|mcdonald"},
      {"Sandra O. Smith", "sandra o|smith"},
      // generations
      {"John Smith Jr.", "john|smith #2"},
      {"John Smith, Jr.", "john|smith #2"},
      {"Smith, John, Jr.", "john|smith #2"},
      {"Smith, Jr., John", "john|smith #2"},
      {"Smith Jr., John", "john|smith #2"},
      {"Smith, John II", "john|smith #2"},
      {"John Smith Sr", "john|smith #1"},
      {"John Smith III", "john|smith #3"},
      {"John Smith IV, Ph.D.", "john|smith #4"},
      // titles and degrees
      {"Chief Ana Ortiz", "ana|ortiz"},
      {"Lt. Col. John A. Smith (Ret.)", "john a|smith"},
      {"Dr. Ana Ortiz, Ph.D.", "ana|ortiz"},
      {"Smith, Sgt. John", "john|smith"},
      {"Major Smith", "major|smith"},
      {"Yo Yo Ma", "yo yo|ma"},
      // what people are called stands beside their name
      {"Robert \"Bob\" Smith", "robert|smith"},
      {"Robert (Bob) Smith", "robert|smith"},
      {"Robert “Bob” Smith", "robert|smith"},
      // nothing to read
      {"", "|"},
      {" , . ", "|"},
      {"Ortiz", "|ortiz"},
      {"(Ana Ortiz)", "|"},
      {"李 小龙", "李|小龙"},
  };
  for (const auto& [text, read] : table) {
    EXPECT_EQ(Read(text), read) << text;
  }
}

TEST(PersonName, ThatIsNoUtf8IsReadWithoutHarm) {
  for (const char* text : {"\xFF\xC3", "Ana \xC3", "\xE2\x80", "\xF0\x9F Ortiz"}) {
    EXPECT_EQ(Read(text), Read(text));
  }
}

NameMatch Compare(const std::string& a, const std::string& b) {
  const NameMatch match = CompareNames(ReadPersonName(a), ReadPersonName(b));
  EXPECT_EQ(CompareNames(ReadPersonName(b), ReadPersonName(a)), match) << a << " / " << b;
  return match;
}

TEST(PersonName, ThatIsTheSameIsSoInAnySpelling) {
  for (const auto& [a, b] :
       std::vector<std::pair<std::string, std::string>>{{"Ana Ortiz", "Ana Ortiz"},
                                                        {"Ana Ortiz", "ORTIZ, Ana"},
                                                        {"Ana Ortiz", "Ortiz Ana"},
                                                        {"José Núñez", "Jose Nunez"},
                                                        {"Mary-Ann Smith", "Mary Ann Smith"},
                                                        {"Mary-Ann Smith", "Maryann Smith"},
                                                        {"Ana Smith-Jones", "Ana Smith Jones"},
                                                        {"Smith Jones, Ana", "Ana Smith-Jones"},
                                                        {"Maria de la Cruz", "Maria DeLaCruz"},
                                                        {"J. R. Smith", "J.R. Smith"},
                                                        {"JR Smith", "J.R. Smith"},
                                                        {"Chief Ana Ortiz", "Ana Ortiz, Ph.D."},
                                                        {"John Smith, Jr.", "John Smith II"},
                                                        {"Pat O'Brien", "PAT OBRIEN"}}) {
    EXPECT_EQ(Compare(a, b), NameMatch::kSame) << a << " / " << b;
  }
}

TEST(PersonName, ThatCanBeTheSameIsAVariant) {
  for (const auto& [a, b] :
       std::vector<std::pair<std::string, std::string>>{{"Ana Ortiz", "A. Ortiz"},
                                                        {"Ana M. Ortiz", "Ana Ortiz"},
                                                        {"Ana M. Ortiz", "Ana Maria Ortiz"},
                                                        {"Robert Smith", "Bob Smith"},
                                                        {"Rob Smith", "Bob Smith"},
                                                        {"Al Smith", "Albert Smith"},
                                                        {"John Smith", "John Smith, Jr."},
                                                        {"Ana Smith-Jones", "Ana Jones"},
                                                        {"Ana Smith-Jones", "Ana Smith"},
                                                        {"Ortiz Ana", "Ana M. Ortiz"},
                                                        {"Garcia Lopez, Ana", "Ana Garcia"}}) {
    EXPECT_EQ(Compare(a, b), NameMatch::kVariant) << a << " / " << b;
  }
}

TEST(PersonName, ThatCannotBeTheSameIsAnother) {
  for (const auto& [a, b] :
       std::vector<std::pair<std::string, std::string>>{{"Ana Ortiz", "Anna Ortiz"},
                                                        {"Ana Ortiz", "Ana Ortega"},
                                                        {"Ana M. Ortiz", "Ana P. Ortiz"},
                                                        {"Albert Smith", "Alan Smith"},
                                                        {"John Smith, Sr.", "John Smith, Jr."},
                                                        {"John Smith III", "John Smith, Jr."},
                                                        {"John Smith", "John S."},
                                                        {"John Smith", "John Brown"},
                                                        {"Smith", "Smith"},
                                                        {"Ana Ortiz", ""},
                                                        {"", ""}}) {
    EXPECT_EQ(Compare(a, b), NameMatch::kNone) << a << " / " << b;
  }
}

TEST(PersonName, ShortFormsAreNotPassedOn) {
  EXPECT_TRUE(GivenNamesAgree("al", "albert"));
  EXPECT_TRUE(GivenNamesAgree("alan", "al"));
  EXPECT_FALSE(GivenNamesAgree("albert", "alan"));
  EXPECT_TRUE(GivenNamesAgree("rob", "bob")) << "both of robert";
  EXPECT_TRUE(GivenNamesAgree("r", "robert"));
  EXPECT_FALSE(GivenNamesAgree("b", "robert")) << "an initial of a short form is too little";
  EXPECT_FALSE(GivenNamesAgree("", "robert"));
}

}  // namespace
}  // namespace critac::matching
