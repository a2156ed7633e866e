import { client } from './client.gen.js';
export const listTrades = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades',
    ...options
});
export const createTrade = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const createTrades = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/bulk',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const updateTrades = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/bulk-update',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteTrades = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/bulk-delete',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteTrade = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}',
    ...options
});
export const getTrade = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}',
    ...options
});
export const updateTrade = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const closeTrade = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/closes',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteClose = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/closes/{closeId}',
    ...options
});
export const getClose = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/closes/{closeId}',
    ...options
});
export const updateClose = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/closes/{closeId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const addEntry = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/entries',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteEntry = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/entries/{entryId}',
    ...options
});
export const getEntry = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/entries/{entryId}',
    ...options
});
export const updateEntry = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/entries/{entryId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const listEvents = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/events',
    ...options
});
export const createEvent = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/events',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteEvent = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/events/{eventId}',
    ...options
});
export const getEvent = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/events/{eventId}',
    ...options
});
export const updateEvent = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/events/{eventId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const getLegs = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/legs',
    ...options
});
export const listDeletedTrades = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/deleted-trades',
    ...options
});
export const restoreTrade = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/deleted-trades/{tradeId}/restore',
    ...options
});
export const convertTrade = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/to-executions',
    ...options
});
export const listSplits = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/splits',
    ...options
});
export const createSplit = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/splits',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteSplit = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/splits/{splitId}',
    ...options
});
export const getSplit = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/splits/{splitId}',
    ...options
});
export const createImageUpload = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/images',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteImage = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/trades/{tradeId}/images/{imageId}',
    ...options
});
export const listGroups = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/groups',
    ...options
});
export const deleteGroup = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/groups/{groupId}',
    ...options
});
export const getGroup = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/groups/{groupId}',
    ...options
});
export const putGroup = (options) => (options.client ?? client).put({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/groups/{groupId}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const getSettings = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/settings',
    ...options
});
export const updateSettings = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/settings',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const listTradingAccounts = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts',
    ...options
});
export const createTradingAccount = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteTradingAccount = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}',
    ...options
});
export const getTradingAccount = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}',
    ...options
});
export const updateTradingAccount = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const listCash = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/cash',
    ...options
});
export const createCash = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/cash',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteCash = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/cash/{cashId}',
    ...options
});
export const getCash = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/cash/{cashId}',
    ...options
});
export const updateCash = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/cash/{cashId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const getBalance = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/balance',
    ...options
});
export const getReturns = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/returns',
    ...options
});
export const listReconciliations = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/reconciliations',
    ...options
});
export const reconcile = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/reconciliations',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteReconciliation = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/reconciliations/{reconciliationId}',
    ...options
});
export const getReconciliation = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/accounts/{accountId}/reconciliations/{reconciliationId}',
    ...options
});
export const listRates = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/fx-rates',
    ...options
});
export const putRates = (options) => (options.client ?? client).put({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/fx-rates',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteTag = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/tags/{tag}',
    ...options
});
export const renameTag = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/tags/{tag}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const getTagChange = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/tag-change',
    ...options
});
export const getFacets = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/facets',
    ...options
});
export const getStats = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/stats',
    ...options
});
export const getEquityCurve = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/stats/equity-curve',
    ...options
});
export const getCalendar = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/stats/calendar',
    ...options
});
export const getBreakdown = (options) => (options.client ?? client).get({
    querySerializer: { parameters: { by: { array: { explode: false } } } },
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/stats/breakdown',
    ...options
});
export const listExecutions = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions',
    ...options
});
export const createExecution = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const createExecutions = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions/bulk',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteExecution = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions/{executionId}',
    ...options
});
export const getExecution = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions/{executionId}',
    ...options
});
export const updateExecution = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions/{executionId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const listPositions = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/positions',
    ...options
});
export const listActions = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/corporate-actions',
    ...options
});
export const createAction = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/corporate-actions',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteAction = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/corporate-actions/{actionId}',
    ...options
});
export const getAction = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/corporate-actions/{actionId}',
    ...options
});
export const matchExecutions = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/executions/match',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const signUp = (options) => (options.client ?? client).post({
    url: '/auth/signup',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const confirmSignUp = (options) => (options.client ?? client).post({
    url: '/auth/confirm-signup',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const resendConfirmationCode = (options) => (options.client ?? client).post({
    url: '/auth/resend-code',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const logIn = (options) => (options.client ?? client).post({
    url: '/auth/login',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const refreshSession = (options) => (options.client ?? client).post({
    url: '/auth/refresh',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const forgotPassword = (options) => (options.client ?? client).post({
    url: '/auth/forgot-password',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const confirmForgotPassword = (options) => (options.client ?? client).post({
    url: '/auth/confirm-forgot-password',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const getProfile = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/profile',
    ...options
});
export const changePassword = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/change-password',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const changeEmail = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/change-email',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const confirmChangeEmail = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/confirm-change-email',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const logOut = (options) => (options.client ?? client).post({
    url: '/auth/logout',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const logOutAll = (options) => (options?.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/logout-all',
    ...options
});
export const exportAccount = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/export',
    ...options
});
export const deleteAccount = (options) => (options?.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/account',
    ...options
});
export const listExports = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/exports',
    ...options
});
export const createExport = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/exports',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const getExport = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/exports/{exportId}',
    ...options
});
export const listImports = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports',
    ...options
});
export const createImport = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteImport = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}',
    ...options
});
export const getImport = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}',
    ...options
});
export const updateImport = (options) => (options.client ?? client).patch({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}',
    ...options,
    headers: {
        'Content-Type': 'application/merge-patch+json',
        ...options.headers
    }
});
export const listImportRows = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}/rows',
    ...options
});
export const listImportTrades = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}/trades',
    ...options
});
export const commitImport = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}/commit',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const undoImport = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/imports/{importId}/undo',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const listMappings = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-mappings',
    ...options
});
export const createMapping = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-mappings',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteMapping = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-mappings/{mappingId}',
    ...options
});
export const getMapping = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-mappings/{mappingId}',
    ...options
});
export const replaceMapping = (options) => (options.client ?? client).put({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-mappings/{mappingId}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const listImportFormats = (options) => (options?.client ?? client).get({ url: '/import-formats', ...options });
export const detectFormat = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/import-formats/detect',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const listRestores = (options) => (options?.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores',
    ...options
});
export const createRestore = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const deleteRestore = (options) => (options.client ?? client).delete({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores/{restoreId}',
    ...options
});
export const getRestore = (options) => (options.client ?? client).get({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores/{restoreId}',
    ...options
});
export const commitRestore = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores/{restoreId}/commit',
    ...options
});
export const undoRestore = (options) => (options.client ?? client).post({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/restores/{restoreId}/undo',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
export const getOpenApi = (options) => (options?.client ?? client).get({ url: '/openapi.yaml', ...options });
export const headOpenApi = (options) => (options?.client ?? client).head({ url: '/openapi.yaml', ...options });
export const getDocs = (options) => (options?.client ?? client).get({ url: '/docs', ...options });
export const headDocs = (options) => (options?.client ?? client).head({ url: '/docs', ...options });
export const getProblem = (options) => (options.client ?? client).get({ url: '/problems/{problemType}', ...options });
export const headProblem = (options) => (options.client ?? client).head({ url: '/problems/{problemType}', ...options });
