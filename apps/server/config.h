/*
 * Configuration: one table of names serves the flags, the variables, the file and the help.
 *
 * "--queue-length 64", STYLIZE_QUEUE_LENGTH=64 and the line "queue-length = 64" mean the same.
 * Flags win over variables, variables over the file.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdio.h>

#include "base/text.h"

/* Texts are owned by the configuration and are NULL where nothing was given. */
typedef struct config {
    /* network */
    char *listen;
    char *tls_cert, *tls_key;
    bool insecure;
    char *trusted_proxy;
    char *cors_origin;
    uint64_t max_connections, io_threads;
    /* limits */
    uint64_t max_request_bytes, max_pixels, max_side, max_output_size, max_decoded_bytes;
    uint64_t queue_length;
    double rate_limit, rate_limit_total;
    uint64_t rate_burst;
    uint64_t request_timeout, header_timeout, body_timeout, send_timeout, keep_alive; /* ms */
    /* painting */
    char *engine, *device, *precision, *models;
    uint64_t threads, batch_max, batch_threshold, memory_budget;
    uint64_t output_size;
    bool warm_up;
    /* load */
    bool degrade;
    uint64_t degrade_after; /* ms */
    /* cache */
    uint64_t cache_memory, cache_disk;
    char *cache_dir;
    /* jobs */
    char *state_dir;
    uint64_t jobs_max, job_ttl; /* job_ttl: ms */
    /* fleet */
    char *redis, *redis_password_file, *redis_ca, *redis_prefix;
    uint64_t redis_timeout, redis_ttl, redis_value_max; /* ms, ms, bytes */
    bool share_limits;
    char *storage, *storage_endpoint, *storage_region, *storage_style, *storage_keys, *storage_ca;
    uint64_t storage_timeout; /* ms */
    char *broker, *broker_password_file, *broker_queue;
    uint64_t broker_timeout; /* ms */
    char *consul, *consul_service, *consul_address, *consul_token_file, *consul_ca;
    /* security */
    char *api_keys, *user;
    bool anonymous;
    char *sandbox; /* off, on, require */
    /* operation */
    char *file;
    char *log_level, *log_addresses;
    uint64_t graceful_timeout; /* ms */
} config;

/* Names of the precisions in the order of stylize_precision, NULL after the last. */
extern const char *const precision_names[];

typedef enum config_command {
    CONFIG_RUN,
    CONFIG_CHECK,
    CONFIG_NEW_KEY,
    CONFIG_HELP,
    CONFIG_VERSION
} config_command;

/*
 * Reads flags, variables and the file into c, which starts as all zero. Returns false after having
 * written one line about the first mistake to `message`. config_free is due in any case.
 * environ: as of main; NULL: none. words: what stands on the command line besides flags, set to
 * the arguments after the command ("new-key NAME").
 */
bool config_read(config *c, int argc, char **argv, char **environment, config_command *command,
                 const char **word, char *message, size_t size);
void config_free(config *c);
void config_help(FILE *out);
/* One "name = value" line each, in groups; a file that gives this configuration again. */
void config_print(const config *c, FILE *out);

#endif
