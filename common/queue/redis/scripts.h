#ifndef COMMON_QUEUE_REDIS_SCRIPTS_H_
#define COMMON_QUEUE_REDIS_SCRIPTS_H_

#include <string>

// The Lua scripts of scripts/, compiled in. What each takes and returns is written at its head.
namespace critac::queue::redis {

struct Script {
  // As its file is called.
  const char* name;
  // All of it, with the lines that the scripts share.
  std::string text;
  // SHA-1 of the text, by which a server knows it.
  std::string sha1;
  // It can be run twice in place of once, as when the first answer was lost.
  bool repeatable;
};

extern const Script kClaimSweep;
extern const Script kComplete;
extern const Script kEnqueue;
extern const Script kExtend;
extern const Script kFail;
extern const Script kGovern;
extern const Script kHeal;
extern const Script kPeek;
extern const Script kProbe;
extern const Script kPurge;
extern const Script kRedrive;
extern const Script kRelease;
extern const Script kReserve;
extern const Script kStats;

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_SCRIPTS_H_
