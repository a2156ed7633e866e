"""What each function may do beyond writing its log, and what it is told. A new permission is a new line here."""

from typing import Any

# Function, resource, actions. The resource is what the policy's Ref, GetAtt or Sub names.
MAY: dict[str, dict[str, set[str]]] = {
    "CreateTradeFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "ListTradesFunction": {
        "${TradesTable.Arn}/index/trades-by-date-gsi": {"dynamodb:Query"},
        "${TradesTable.Arn}/index/user-symbol-date-gsi": {"dynamodb:Query"},
        "${TradesTable.Arn}/index/user-status-date-gsi": {"dynamodb:Query"},
        "${TradesTable.Arn}/index/user-idempotency-gsi": {"dynamodb:Query"},
        "PageTokenSecret": {"secretsmanager:GetSecretValue"},
    },
    "GetTradeFunction": {
        "TradesTable.Arn": {"dynamodb:Query"},
        "${UserFiles.Arn}/images/*": {"s3:GetObjectVersion"},
    },
    "UpdateTradeFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "CloseTradeFunction": {
        "TradesTable.Arn": {
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
        },
    },
    "DeleteCloseFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "DeleteTradeFunction": {
        "TradesTable.Arn": {"dynamodb:DeleteItem", "dynamodb:GetItem"},
    },
    "CreateTradesFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "DeleteTradesFunction": {
        "TradesTable.Arn": {"dynamodb:DeleteItem"},
    },
    "CreateImageUploadFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:Query"},
        "${UserFiles.Arn}/images/*": {"s3:PutObject", "s3:PutObjectTagging"},
    },
    "DeleteImageFunction": {
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"},
    },
    "CheckImageFunction": {
        "ImageUploadQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "TradesTable.Arn": {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"},
        "${UserFiles.Arn}/images/*": {"s3:DeleteObjectVersion", "s3:GetObjectVersion", "s3:PutObjectVersionTagging"},
    },
    "RemoveImagesFunction": {
        "TradesTable.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "${TradesTable.Arn}/stream/*": {"dynamodb:ListStreams"},
        "ImageDeadLetters.Arn": {"sqs:SendMessage"},
        "TradesTable.Arn": {"dynamodb:DeleteItem", "dynamodb:Query"},
        "UserFiles.Arn": {"s3:ListBucketVersions"},
        "${UserFiles.Arn}/images/*": {"s3:DeleteObjectVersion"},
    },
    "SweepImagesFunction": {
        "ImageSweepQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
        "TradesTable.Arn": {"dynamodb:BatchGetItem", "dynamodb:Query"},
        "UserFiles.Arn": {"s3:ListBucketVersions"},
        "${UserFiles.Arn}/images/*": {"s3:DeleteObjectVersion"},
    },
    "GetStatsFunction": {
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
    },
    "GetEquityCurveFunction": {
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
    },
    "GetCalendarFunction": {
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
    },
    "GetBreakdownFunction": {
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
    },
    "SignUpFunction": {
        "SignUpSecret": {"secretsmanager:GetSecretValue"},
        "TradesTable.Arn": {"dynamodb:UpdateItem"},
    },
    "GuardSignUpFunction": {
        "SignUpSecret": {"secretsmanager:GetSecretValue"},
    },
    "ConfirmSignUpFunction": {
        "UserPool.Arn": {"cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUserGlobalSignOut"},
        "SignOutQueue.Arn": {"sqs:SendMessage"},
    },
    "ResendConfirmationCodeFunction": {
        "TradesTable.Arn": {"dynamodb:UpdateItem"},
    },
    "LogInFunction": {},
    "RefreshSessionFunction": {},
    "ForgotPasswordFunction": {
        "TradesTable.Arn": {"dynamodb:UpdateItem"},
    },
    "ConfirmForgotPasswordFunction": {
        "UserPool.Arn": {"cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUserGlobalSignOut"},
        "SignOutQueue.Arn": {"sqs:SendMessage"},
    },
    "EndSessionsFunction": {
        "UserPool.Arn": {"cognito-idp:AdminUserGlobalSignOut"},
        "SignOutQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
    },
    "ReadProfileFunction": {
        "UserPool.Arn": {"cognito-idp:AdminGetUser"},
    },
    "ChangeProfileFunction": {
        "UserPool.Arn": {"cognito-idp:AdminSetUserPassword", "cognito-idp:AdminUserGlobalSignOut"},
        "SignOutQueue.Arn": {"sqs:SendMessage"},
        "MailIdentityArn": {"ses:SendEmail"},
        "TradesTable.Arn": {"dynamodb:UpdateItem"},
    },
    "LogOutAllFunction": {
        "UserPool.Arn": {"cognito-idp:AdminGetUser", "cognito-idp:AdminUserGlobalSignOut"},
    },
    "ExportAccountFunction": {
        "TradesTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
        "UserPool.Arn": {"cognito-idp:AdminGetUser"},
        "UserFiles.Arn": {"s3:ListBucket"},
        "${UserFiles.Arn}/exports/*": {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"},
        "${UserFiles.Arn}/images/*": {"s3:GetObjectVersion"},
        "ExportQueue.Arn": {"sqs:SendMessage"},
    },
    "WriteExportFunction": {
        "TradesTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
        "TradeStatsTable.Arn": {"dynamodb:GetItem", "dynamodb:Query"},
        "UserPool.Arn": {"cognito-idp:AdminGetUser"},
        "UserFiles.Arn": {"s3:ListBucket"},
        "${UserFiles.Arn}/exports/*": {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"},
        "${UserFiles.Arn}/images/*": {"s3:GetObjectVersion"},
        "ExportQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
    },
    "DeleteAccountFunction": {
        "TradesTable.Arn": {"dynamodb:PutItem"},
        "UserPool.Arn": {
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminUserGlobalSignOut",
        },
        "ErasureQueue.Arn": {"sqs:SendMessage"},
    },
    "EraseAccountFunction": {
        "TradesTable.Arn": {"dynamodb:BatchWriteItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "TradeStatsTable.Arn": {"dynamodb:BatchWriteItem", "dynamodb:Query"},
        "UserPool.Arn": {
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminUserGlobalSignOut",
        },
        "UserFiles.Arn": {"s3:ListBucketMultipartUploads", "s3:ListBucketVersions"},
        "${UserFiles.Arn}/images/*": {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        "${UserFiles.Arn}/exports/*": {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"},
        "ErasureQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
    },
    "GetOpenApiFunction": {},
    "GetDocsFunction": {},
    "UpdateStatsFunction": {
        "TradesTable.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "${TradesTable.Arn}/stream/*": {"dynamodb:ListStreams"},
        "StatsDeadLetterQueue.Arn": {"sqs:SendMessage"},
        "TradesTable.Arn": {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"},
        "TradeStatsTable.Arn": {
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
    },
    "RebuildAllStatsFunction": {
        "RebuildQueue.Arn": {"sqs:SendMessage"},
        "ScheduleDeadLetters.Arn": {"sqs:SendMessage"},
    },
    "RebuildStatsFunction": {
        "RebuildQueue.Arn": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
        "TradesTable.Arn": {
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        },
        "TradeStatsTable.Arn": {
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        },
    },
    "UnknownRouteFunction": {},
}

# Each setting and what it names; the names are the same in every function.
MEANS: dict[str, Any] = {
    "DOCS_PAGE": "/opt/docs",
    "ERASURE_QUEUE_URL": {"Ref": "ErasureQueue"},
    "EXPORT_QUEUE_URL": {"Ref": "ExportQueue"},
    "FILES_BUCKET": {"Ref": "UserFiles"},
    "MAILS_A_DAY": {"Ref": "MailsADay"},
    "MAIL_FROM": {"Ref": "MailFrom"},
    "MAIL_IDENTITY_ARN": {"Ref": "MailIdentityArn"},
    "PAGE_TOKEN_SECRET_ARN": {"Ref": "PageTokenSecret"},
    "REBUILD_QUEUE_URL": {"Ref": "RebuildQueue"},
    "SIGN_OUT_QUEUE_URL": {"Ref": "SignOutQueue"},
    "SIGN_UP_SECRET_ARN": {"Ref": "SignUpSecret"},
    "STATS_TABLE": {"Ref": "TradeStatsTable"},
    "SWEEP_QUEUE_URL": {"Ref": "ImageSweepQueue"},
    "TRADES_TABLE": {"Ref": "TradesTable"},
    "USER_POOL_CLIENT_ID": {"Ref": "UserPoolClient"},
    "USER_POOL_ID": {"Ref": "UserPool"},
}

# What each function is told beyond OPERATIONS.
TOLD: dict[str, set[str]] = {
    "CreateTradeFunction": {"TRADES_TABLE"},
    "ListTradesFunction": {"PAGE_TOKEN_SECRET_ARN", "TRADES_TABLE"},
    "GetTradeFunction": {"FILES_BUCKET", "TRADES_TABLE"},
    "UpdateTradeFunction": {"TRADES_TABLE"},
    "CloseTradeFunction": {"TRADES_TABLE"},
    "DeleteCloseFunction": {"TRADES_TABLE"},
    "DeleteTradeFunction": {"TRADES_TABLE"},
    "CreateTradesFunction": {"TRADES_TABLE"},
    "DeleteTradesFunction": {"TRADES_TABLE"},
    "CreateImageUploadFunction": {"FILES_BUCKET", "TRADES_TABLE"},
    "DeleteImageFunction": {"TRADES_TABLE"},
    "CheckImageFunction": {"FILES_BUCKET", "TRADES_TABLE"},
    "RemoveImagesFunction": {"FILES_BUCKET", "TRADES_TABLE"},
    "SweepImagesFunction": {"FILES_BUCKET", "SWEEP_QUEUE_URL", "TRADES_TABLE"},
    "GetStatsFunction": {"STATS_TABLE"},
    "GetEquityCurveFunction": {"STATS_TABLE"},
    "GetCalendarFunction": {"STATS_TABLE"},
    "GetBreakdownFunction": {"STATS_TABLE"},
    "SignUpFunction": {"MAILS_A_DAY", "SIGN_UP_SECRET_ARN", "TRADES_TABLE", "USER_POOL_CLIENT_ID"},
    "GuardSignUpFunction": {"SIGN_UP_SECRET_ARN"},
    "ConfirmSignUpFunction": {"SIGN_OUT_QUEUE_URL", "USER_POOL_CLIENT_ID", "USER_POOL_ID"},
    "ResendConfirmationCodeFunction": {"MAILS_A_DAY", "TRADES_TABLE", "USER_POOL_CLIENT_ID"},
    "LogInFunction": {"USER_POOL_CLIENT_ID"},
    "RefreshSessionFunction": {"USER_POOL_CLIENT_ID"},
    "ForgotPasswordFunction": {"MAILS_A_DAY", "TRADES_TABLE", "USER_POOL_CLIENT_ID"},
    "ConfirmForgotPasswordFunction": {"SIGN_OUT_QUEUE_URL", "USER_POOL_CLIENT_ID", "USER_POOL_ID"},
    "EndSessionsFunction": {"USER_POOL_ID"},
    "LogOutAllFunction": {"USER_POOL_ID"},
    "ReadProfileFunction": {"USER_POOL_ID"},
    "ChangeProfileFunction": {
        "MAILS_A_DAY",
        "TRADES_TABLE",
        "MAIL_FROM",
        "MAIL_IDENTITY_ARN",
        "SIGN_OUT_QUEUE_URL",
        "USER_POOL_CLIENT_ID",
        "USER_POOL_ID",
    },
    "ExportAccountFunction": {"EXPORT_QUEUE_URL", "FILES_BUCKET", "STATS_TABLE", "TRADES_TABLE", "USER_POOL_ID"},
    "WriteExportFunction": {"FILES_BUCKET", "STATS_TABLE", "TRADES_TABLE", "USER_POOL_ID"},
    "DeleteAccountFunction": {"ERASURE_QUEUE_URL", "TRADES_TABLE", "USER_POOL_ID"},
    "EraseAccountFunction": {"ERASURE_QUEUE_URL", "FILES_BUCKET", "STATS_TABLE", "TRADES_TABLE", "USER_POOL_ID"},
    "GetOpenApiFunction": set(),
    "GetDocsFunction": {"DOCS_PAGE"},
    "UpdateStatsFunction": {"STATS_TABLE", "TRADES_TABLE"},
    "RebuildAllStatsFunction": {"REBUILD_QUEUE_URL"},
    "RebuildStatsFunction": {"REBUILD_QUEUE_URL", "STATS_TABLE", "TRADES_TABLE"},
    "UnknownRouteFunction": set(),
}
