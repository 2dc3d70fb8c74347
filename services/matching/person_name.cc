#include "services/matching/person_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace critac::matching {
namespace {

using Words = std::vector<std::string>;

// The letters without accents of U+00C0 to U+017F and of U+1E00 to U+1EF9 (Vietnamese among them);
// `*` stands for two letters, see TwoLetters.
constexpr absl::string_view kLatin =
    "aaaaaa*ceeeeiiiidnooooo ouuuuy**aaaaaa*ceeeeiiiidnooooo ouuuuy*yaaaaaaccccccccdd"
    "ddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkkllllllllllnnnnnnnnnoooooo**rrrrrrssssss"
    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
constexpr absl::string_view kLatinAdditional =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooo"
    "oooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwyasss*d"
    "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuu"
    "uuyyyyyyyy";
constexpr uint32_t kFirstLatin = 0xC0;
constexpr uint32_t kFirstAdditional = 0x1E00;
static_assert(kLatin.size() == 0x180 - kFirstLatin);
static_assert(kLatinAdditional.size() == 0x1EFA - kFirstAdditional);

absl::string_view TwoLetters(uint32_t code) {
  switch (code) {
    case 0xC6:
    case 0xE6:
      return "ae";
    case 0xDE:
    case 0xFE:
      return "th";
    case 0x132:
    case 0x133:
      return "ij";
    case 0x152:
    case 0x153:
      return "oe";
    default:  // the sharp s, small and capital
      return "ss";
  }
}

// What a character counts as: a letter of a word, an end of it, or something that is not seen.
enum class Kind { kLetter, kNothing, kSpace, kHyphen, kComma, kOpen, kClose, kQuote };

Kind KindOf(uint32_t code) {
  switch (code) {
    case '\'':
    case '`':
    case 0xB4:    // acute accent
    case 0x2BB:   // okina
    case 0x2BC:   // modifier apostrophe
    case 0x2018:  // single quotes
    case 0x2019:
      return Kind::kNothing;
    case '-':
    case 0x2010:  // hyphens and dashes
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212:
      return Kind::kHyphen;
    case ',':
      return Kind::kComma;
    case '(':
      return Kind::kOpen;
    case ')':
      return Kind::kClose;
    case '"':
    case 0x201C:
    case 0x201D:
      return Kind::kQuote;
    default:
      break;
  }
  if (code >= 0x300 && code <= 0x36F) return Kind::kNothing;  // accents that combine
  if (code < 0x80) {
    return absl::ascii_isalpha(static_cast<unsigned char>(code)) ? Kind::kLetter : Kind::kSpace;
  }
  return code < kFirstLatin || (code >= 0x2000 && code <= 0x206F) ? Kind::kSpace : Kind::kLetter;
}

void AppendLetter(uint32_t code, absl::string_view bytes, std::string& word) {
  if (code < 0x80) {
    word += absl::ascii_tolower(static_cast<unsigned char>(code));
    return;
  }
  char letter = 0;
  if (code >= kFirstLatin && code < kFirstLatin + kLatin.size()) {
    letter = kLatin[code - kFirstLatin];
  } else if (code >= kFirstAdditional && code < kFirstAdditional + kLatinAdditional.size()) {
    letter = kLatinAdditional[code - kFirstAdditional];
  } else if (code == 0x1A0 || code == 0x1A1 || code == 0x1D1 || code == 0x1D2) {
    letter = 'o';
  } else if (code == 0x1AF || code == 0x1B0) {
    letter = 'u';
  } else if (code == 0x218 || code == 0x219) {
    letter = 's';
  } else if (code == 0x21A || code == 0x21B) {
    letter = 't';
  }
  if (letter == 0) {
    absl::StrAppend(&word, bytes);
  } else if (letter == '*') {
    absl::StrAppend(&word, TwoLetters(code));
  } else if (letter != ' ') {
    word += letter;
  }
}

// The character at the beginning of UTF-8 text, and its length in bytes. What is no UTF-8 is taken
// byte by byte.
std::pair<uint32_t, size_t> CharacterAt(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const size_t length = byte(0) < 0xC0 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (length == 1 || text.size() < length) return {byte(0), 1};
  uint32_t code = byte(0) & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3F);
  return {code, length};
}

// A word, and whether a hyphen ties it to the one before.
struct Word {
  std::string text;
  bool tied = false;
};

// The words of a name, part by part between its commas.
class Reader {
 public:
  std::vector<std::vector<Word>> Read(absl::string_view text) {
    while (!text.empty()) {
      const auto [code, length] = CharacterAt(text);
      Take(KindOf(code), code, text.substr(0, length));
      text.remove_prefix(length);
    }
    EndWord();
    parts_.erase(std::remove_if(parts_.begin(), parts_.end(),
                                [](const std::vector<Word>& part) { return part.empty(); }),
                 parts_.end());
    return std::move(parts_);
  }

 private:
  void Take(Kind kind, uint32_t code, absl::string_view bytes) {
    if (kind == Kind::kQuote) {
      EndWord();
      quoted_ = !quoted_;
    } else if (kind == Kind::kOpen || kind == Kind::kClose) {
      EndWord();
      depth_ = kind == Kind::kOpen ? depth_ + 1 : std::max(0, depth_ - 1);
    } else if (quoted_ || depth_ > 0 || kind == Kind::kNothing) {
      return;
    } else if (kind == Kind::kLetter) {
      AppendLetter(code, bytes, word_);
    } else {
      EndWord();
      if (kind == Kind::kComma) parts_.emplace_back();
      if (kind != Kind::kSpace) tied_ = kind == Kind::kHyphen && !parts_.back().empty();
    }
  }

  void EndWord() {
    if (word_.empty()) return;
    parts_.back().push_back({std::move(word_), tied_});
    word_.clear();
    tied_ = false;
  }

  std::vector<std::vector<Word>> parts_ = std::vector<std::vector<Word>>(1);
  std::string word_;
  bool tied_ = false;
  bool quoted_ = false;
  int depth_ = 0;
};

template <size_t n>
bool IsOneOf(const std::array<absl::string_view, n>& words, absl::string_view word) {
  return absl::c_linear_search(words, word);
}

// Ranks and forms of address. Those which are given names too (`Major`, `Dean`) are not among them.
constexpr auto kTitles = std::to_array<absl::string_view>(
    {"asst",    "assistant", "capt",      "captain", "chief",    "cmdr",      "col",     "colonel",
     "cpl",     "corporal",  "commander", "dep",     "deputy",   "det",       "dr",      "hon",
     "insp",    "inspector", "lt",        "ltc",     "mr",       "mrs",       "ms",      "miss",
     "ofc",     "officer",   "prof",      "rev",     "sergeant", "sgt",       "sheriff", "supt",
     "trooper", "director",  "detective", "special", "agent",    "lieutenant"});
constexpr auto kDegrees = std::to_array<absl::string_view>(
    {"phd", "md", "jd", "edd", "mba", "mpa", "msc", "esq", "ret", "retired", "cpp", "cctp"});
constexpr auto kParticles = std::to_array<absl::string_view>(
    {"da", "de",  "del", "della", "den", "der",   "di", "dos", "du",  "la",  "las",
     "le", "los", "mac", "mc",    "san", "santa", "st", "ten", "ter", "van", "von"});

int GenerationOf(absl::string_view word) {
  if (word == "sr" || word == "senior") return 1;
  if (word == "jr" || word == "junior" || word == "ii") return 2;
  if (word == "iii") return 3;
  if (word == "iv") return 4;
  return 0;
}

// Takes degrees and generations off the end of a part, as long as `keep` words stay; `Ph.D.` is two
// words by then.
void TakeSuffixes(std::vector<Word>& part, size_t keep, int& generation) {
  while (part.size() > keep) {
    const std::string& last = part.back().text;
    if (const int found = GenerationOf(last); found != 0) {
      generation = found;
    } else if (last == "d" && part.size() > keep + 1 && part[part.size() - 2].text == "ph") {
      part.pop_back();
    } else if (!IsOneOf(kDegrees, last)) {
      return;
    }
    part.pop_back();
  }
}

void TakeTitles(std::vector<Word>& part, size_t keep) {
  size_t titles = 0;
  while (part.size() - titles > keep && IsOneOf(kTitles, part[titles].text)) ++titles;
  part.erase(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(titles));
}

// The words from `begin` to `end`, particles joined to the word after them.
Words Joined(std::vector<Word>::const_iterator begin, std::vector<Word>::const_iterator end) {
  Words words;
  std::string before;
  for (auto word = begin; word != end; ++word) {
    before += word->text;
    if (word + 1 != end && IsOneOf(kParticles, word->text)) continue;
    words.push_back(std::move(before));
    before.clear();
  }
  return words;
}

// The words of a name that is written in one part: particles and hyphens say where the family name
// begins.
void SplitAtFamily(const std::vector<Word>& part, PersonName& name) {
  auto family = part.end() - 1;
  while (family != part.begin() &&
         (family->tied || (family - part.begin() > 1 && IsOneOf(kParticles, (family - 1)->text)))) {
    --family;
  }
  name.given = Joined(part.begin(), family);
  name.family = Joined(family, part.end());
}

Words AllWords(const PersonName& name) {
  Words words = name.given;
  words.insert(words.end(), name.family.begin(), name.family.end());
  std::sort(words.begin(), words.end());
  return words;
}

// `mary ann` and `maryann`.
std::string Together(const Words& words) { return absl::StrJoin(words, ""); }

bool FamiliesAgree(const Words& a, const Words& b) {
  if (Together(a) == Together(b)) return true;
  // One half of a double name; an initial is no half.
  const auto holds = [](const Words& all, const Words& one) {
    return one.size() == 1 && one[0].size() > 1 && absl::c_linear_search(all, one[0]);
  };
  return holds(a, b) || holds(b, a);
}

bool GivenAgree(const Words& a, const Words& b) {
  if (a.empty() || b.empty()) return false;
  if (Together(a) == Together(b)) return true;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!GivenNamesAgree(a[i], b[i])) return false;
  }
  return true;
}

// The name as one that was written with its family name first, without a comma.
PersonName Turned(const PersonName& name) {
  Words words = name.given;
  words.insert(words.end(), name.family.begin(), name.family.end());
  PersonName turned;
  turned.family = {words.front()};
  turned.given.assign(words.begin() + 1, words.end());
  return turned;
}

bool PartsAgree(const PersonName& a, const PersonName& b) {
  return FamiliesAgree(a.family, b.family) && GivenAgree(a.given, b.given);
}

// Short forms of given names, each row one name and those who go by it for short.
constexpr auto kShortForms = std::to_array<absl::string_view>({
    "abigail abby gail",
    "abraham abe bram",
    "albert al bert",
    "alan al",
    "alexander alex alec sandy xander",
    "alexandra alex sandra sandy",
    "alfred al fred",
    "andrew andy drew",
    "angela angie",
    "anthony tony",
    "antonio tony",
    "arthur art artie",
    "barbara barb babs",
    "benjamin ben benny",
    "bernard bernie",
    "bradley brad",
    "catherine cathy kate katie",
    "charles charlie chuck chas",
    "christina chris tina christy",
    "christine chris tina christy",
    "christopher chris topher kit",
    "clifford cliff",
    "clinton clint",
    "cynthia cindy",
    "daniel dan danny",
    "david dave davey",
    "deborah deb debbie debra",
    "dennis denny",
    "donald don donnie",
    "dorothy dot dottie",
    "douglas doug",
    "edward ed eddie ted ned",
    "edwin ed eddie",
    "elizabeth liz beth betty eliza lisa betsy libby",
    "eugene gene",
    "francis frank fran",
    "francisco frank paco pancho",
    "franklin frank",
    "frederick fred freddie rick",
    "gabriel gabe",
    "gerald gerry jerry",
    "gregory greg",
    "guadalupe lupe",
    "harold hal harry",
    "henry hank harry",
    "jacob jake",
    "jacqueline jackie",
    "james jim jimmy jamie",
    "jason jay",
    "jeffrey jeff geoff geoffrey jeffery",
    "jennifer jen jenny",
    "jeremiah jerry",
    "jerome jerry",
    "jessica jess jessie",
    "john jack johnny jon",
    "jonathan jon john",
    "jose pepe",
    "joseph joe joey",
    "joshua josh",
    "judith judy",
    "katherine kathy kate katie kathryn",
    "kenneth ken kenny",
    "kimberly kim",
    "lawrence larry",
    "leonard len lenny leo",
    "leslie les",
    "louis lou louie",
    "margaret maggie meg peggy marge",
    "martin marty",
    "matthew matt",
    "maximilian max",
    "michael mike mick mickey",
    "mitchell mitch",
    "nathan nate",
    "nathaniel nate nat",
    "nicholas nick",
    "pamela pam",
    "patricia pat patty trish tricia",
    "patrick pat paddy",
    "peter pete",
    "philip phil phillip",
    "raymond ray",
    "rebecca becky",
    "richard rick rich dick ricky",
    "robert bob rob bobby robbie bert",
    "ronald ron ronnie",
    "rosemary rose",
    "russell russ",
    "samantha sam",
    "samuel sam sammy",
    "sandra sandy",
    "sharon shari",
    "stanley stan",
    "stephanie steph",
    "stephen steve steven",
    "susan sue suzy susie",
    "teresa terry tess theresa",
    "terrence terry",
    "theodore ted teddy theo",
    "thomas tom tommy",
    "timothy tim",
    "valerie val",
    "victor vic",
    "victoria vicky tori",
    "vincent vince vinny",
    "walter walt wally",
    "wesley wes",
    "william bill will billy willie liam",
    "zachary zach zack",
});

}  // namespace

PersonName ReadPersonName(absl::string_view text) {
  PersonName name;
  std::vector<std::vector<Word>> parts = Reader().Read(text);
  // What is but suffixes after a comma says nothing of the order: `John Smith, Jr.`
  for (size_t i = parts.size(); i-- > 1;) {
    if (i == 1 && parts[0].size() < 2 && GenerationOf(parts[1][0].text) == 0) break;
    TakeSuffixes(parts[i], 0, name.generation);
    if (parts[i].empty()) parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (parts.empty()) return name;
  if (parts.size() == 1) {
    TakeTitles(parts[0], 2);
    TakeSuffixes(parts[0], 2, name.generation);
    SplitAtFamily(parts[0], name);
    return name;
  }
  TakeTitles(parts[1], 1);
  TakeSuffixes(parts[1], 1, name.generation);
  TakeSuffixes(parts[0], 1, name.generation);
  name.family = Joined(parts[0].begin(), parts[0].end());
  name.given = Joined(parts[1].begin(), parts[1].end());
  return name;
}

NameMatch CompareNames(const PersonName& a, const PersonName& b) {
  const Words all_a = AllWords(a);
  const Words all_b = AllWords(b);
  if (all_a.size() < 2 || all_b.size() < 2) return NameMatch::kNone;
  const bool said = a.generation != 0 && b.generation != 0;
  if (said && a.generation != b.generation) return NameMatch::kNone;
  const bool same_words = all_a == all_b || (Together(a.given) == Together(b.given) &&
                                             Together(a.family) == Together(b.family));
  if (same_words) return a.generation == b.generation ? NameMatch::kSame : NameMatch::kVariant;
  // One of them may have its family name first; were both turned, given names would be compared as
  // family names.
  const bool variant = PartsAgree(a, b) || PartsAgree(Turned(a), b) || PartsAgree(a, Turned(b));
  return variant ? NameMatch::kVariant : NameMatch::kNone;
}

bool GivenNamesAgree(absl::string_view a, absl::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty()) return false;
  if (a.size() == 1 || b.size() == 1) return a[0] == b[0];
  static const auto& pairs = *new absl::flat_hash_set<std::pair<std::string, std::string>>([] {
    absl::flat_hash_set<std::pair<std::string, std::string>> all;
    for (const absl::string_view row : kShortForms) {
      const std::vector<std::string> names = absl::StrSplit(row, ' ');
      for (const std::string& one : names) {
        for (const std::string& other : names) all.emplace(one, other);
      }
    }
    return all;
  }());
  return pairs.contains(std::make_pair(std::string(a), std::string(b)));
}

}  // namespace critac::matching
